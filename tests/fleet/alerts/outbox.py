"""Messages for tests about delivery."""

from datetime import UTC, datetime
from typing import Any

from fleet.models import Alert, Channel, Message
from teams.models import Team


def note(team: Team | None, recipient: str, channel: str = Channel.MAIL, facts: Any = None, **fields: Any) -> Message:
    """A message that is due, with one note; `facts` in place of good ones, `fields` of the message."""
    now = datetime.now(UTC)
    same: dict[str, Any] = {"team": team, "channel": channel, "recipient": recipient}
    message = Message.objects.create(**{"next_try_at": now, "created_at": now, **same, **fields})
    good = {"subject": "A decision", "text": "See the page.", "path": "/decisions/1/", "link_text": "Open", "name": "x"}
    good |= {"team": "Search", "team_slug": "search"}
    Alert.objects.create(
        kind="review", key=f"key {message.pk}", created_at=now, message=message, facts=good if facts is None else facts,
        **same,
    )  # fmt: skip
    return message


def due_again() -> None:
    """Makes every waiting message due now."""
    Message.objects.filter(state="waiting").update(next_try_at=datetime.now(UTC))
