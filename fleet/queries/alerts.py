"""The outbox, as far as people want to look into it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator

from ..alerts import wording
from ..models import Alert, Channel, Message

PER_PAGE = 25
MOST = 50
"""Dead letters, and alerts that are not in a message yet, on one page."""

DROPPED = "dropped"
STATES = [*Message.State.choices, (DROPPED, "dropped before it was sent")]


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it was or would be sent."""

    message: Message
    subject: str
    text: str
    alerts: list[Alert]
    may_send_again: bool


@dataclass(frozen=True, slots=True)
class Some:
    """The first of many, and how many there are."""

    first: list[Any]
    count: int


def listing(state: str, number: str | int, mine: set[int], all_teams: bool) -> Page:
    """One page of messages, newest first, as Letters. Without a state, those given up stand above, not here."""
    rows = Message.objects.select_related("team").prefetch_related("alerts")
    chosen = rows.filter(state=state) if state in Message.State.values else rows.exclude(state=Message.State.GIVEN_UP)
    page: Page[Any] = Paginator(chosen, PER_PAGE).get_page(number)
    page.object_list = _letters(page, mine, all_teams)
    return page


def dead_letters(mine: set[int], all_teams: bool) -> Some:
    """The messages that were given up, newest first."""
    rows = Message.objects.filter(state=Message.State.GIVEN_UP).select_related("team").prefetch_related("alerts")
    return Some(_letters(rows[:MOST], mine, all_teams), rows.count())


def not_gathered() -> Some:
    """Alerts that no message carries yet: their group is still forming, or quiet hours hold them."""
    rows = Alert.objects.filter(message=None, dropped="").order_by("created_at", "pk")
    return Some(list(rows[:MOST]), rows.count())


def dropped(number: str | int) -> Page:
    """One page of alerts that were not sent after all, newest first."""
    return Paginator(Alert.objects.exclude(dropped=""), PER_PAGE).get_page(number)


def _letters(messages: Iterable[Message], mine: set[int], all_teams: bool) -> list[Letter]:
    return [_letter(message, all_teams or message.team_id in mine) for message in messages]


def _letter(message: Message, of_mine: bool) -> Letter:
    if message.channel == Channel.WEBHOOK:
        text = json.dumps(wording.payload(message), indent=2, ensure_ascii=False)
    else:
        text = wording.shown_text(message)
    again = of_mine and message.state == Message.State.GIVEN_UP
    return Letter(message, wording.subject(message), text, _about(message), again)


def _about(message: Message) -> list[Alert]:
    """One alert for each incident or note that the message carries."""
    return list({alert.incident_id or -alert.pk: alert for alert in message.alerts.all()}.values())
