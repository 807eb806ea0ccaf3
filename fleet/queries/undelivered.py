"""What could not be delivered, for the banner of those whose teams it concerns."""

from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Count, Max, Q
from django.urls import reverse

from core.health import Trouble
from teams.access import teams_of

from ..alerts.condition import LATE
from ..models import Channel, Message

KNOWN_FOR = timedelta(days=2)
"""How long a message that was given up is in the banner. The alerts page has it for good."""

MOST = 5
"""Lines about messages in one banner."""


def troubles(user: User) -> list[Trouble]:
    """One trouble for each team and channel whose messages do not arrive, of all teams for administrators.

    That the mail server is away is no team's trouble, and in the banner already.
    """
    now = datetime.now(UTC)
    lost = Q(state=Message.State.GIVEN_UP, created_at__gt=now - KNOWN_FOR)
    late = Q(state=Message.State.WAITING, created_at__lt=now - LATE, attempts__gt=0)
    late &= ~Q(channel=Channel.MAIL, last_try=Message.Try.UNREACHED)
    rows = Message.objects.filter(lost | late)
    if not user.is_superuser:
        rows = rows.filter(team__in=teams_of(user))
    groups = rows.order_by("team__name", "channel", "state").values_list("team__name", "channel", "state")
    counted = groups.annotate(number=Count("pk"), error=Max("error"))
    return [_trouble(*row) for row in counted[:MOST]]


def _trouble(team: str | None, channel: str, state: str, number: int, error: str) -> Trouble:
    whose = f" of {team}" if team else ""
    messages = f"1 message{whose} by {channel}" if number == 1 else f"{number} messages{whose} by {channel}"
    if state == Message.State.GIVEN_UP:
        text = f"{messages} could not be delivered in the last two days."
        remedy = "Correct the cause, then send again what was given up:"
    else:
        text, remedy = f"{messages} could not be delivered yet. {error}", "It is tried again for a day:"
    return Trouble("messages", text, text, remedy, link=reverse("alerts"))
