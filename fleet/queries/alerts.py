"""The outbox as a page lists it. `team` is the slug of one; empty: all that the person may see."""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef

from core.fence import NOT_THE_ITEMS_FAULT
from teams.access import teams_of
from teams.models import Role

from ..access import Rows, visible
from ..alerts import wording
from ..models import Alert, Channel, Message

log = logging.getLogger(__name__)

PER_PAGE = 25
MOST = 50
"""Dead letters, and alerts that are not in a message yet, on one page."""

OF_LATE = timedelta(days=7)

DROPPED = "dropped"
STATES = [*Message.State.choices, (DROPPED, "not sent: dropped, or it reached nobody")]


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


def listing(user: User, state: str, number: str | int, team: str = "") -> Page:
    """One page of messages, newest first, as Letters. Without a state, those given up stand above, not here."""
    rows = _of(user, team, Message.objects.all()).select_related("team").prefetch_related("alerts__incident")
    chosen = rows.filter(state=state) if state in Message.State.values else rows.exclude(state=Message.State.GIVEN_UP)
    page: Page[Any] = Paginator(chosen, PER_PAGE).get_page(number)
    page.object_list = _letters(user, page)
    return page


def dead_letters(user: User, team: str = "") -> Some:
    """The messages that were given up, newest first."""
    rows = _of(user, team, Message.objects.filter(state=Message.State.GIVEN_UP))
    rows = rows.select_related("team").prefetch_related("alerts__incident")
    return Some(_letters(user, rows[:MOST]), rows.count())


def not_gathered(user: User, team: str = "") -> Some:
    """Alerts that no message carries yet: their group is still forming, or quiet hours hold them."""
    rows = _of(user, team, Alert.objects.filter(message=None, dropped="")).order_by("created_at", "pk")
    return Some(list(rows[:MOST]), rows.count())


def reached_nobody(user: User, team: str = "") -> Some:
    """Alerts of the last seven days that reached nobody, newest first; without incidents that were alerted later."""
    late = datetime.now(UTC) - OF_LATE
    later = Alert.objects.filter(incident=OuterRef("incident"), pk__gt=OuterRef("pk"), dropped="")
    rows = _of(user, team, Alert.objects.filter(~Exists(later), recipient="", created_at__gt=late))
    return Some(list(rows.select_related("incident", "team")[:MOST]), rows.count())


def over_limit(user: User) -> list[tuple[str, int]]:
    """The teams whose alerts MAILS_PER_HOUR holds back, each with how many."""
    held = visible(user, Alert.objects.filter(message=None, dropped="", over_limit=True)).order_by("team__name")
    return list(held.values_list("team__name").annotate(Count("pk")))


def dropped(user: User, number: str | int, team: str = "") -> Page:
    """One page of alerts that were not sent after all, newest first."""
    rows = _of(user, team, Alert.objects.exclude(dropped="").select_related("incident"))
    return Paginator(rows, PER_PAGE).get_page(number)


def _of(user: User, team: str, rows: Rows) -> Rows:
    """Those that the person may see, of the team with this slug, or of all without one."""
    seen = visible(user, rows)
    return seen.filter(team__slug=team) if team else seen


def _letters(user: User, messages: Iterable[Message]) -> list[Letter]:
    mine = set(teams_of(user, Role.OPERATOR).values_list("pk", flat=True))
    return [_letter(message, user.is_superuser or message.team_id in mine) for message in messages]


def _letter(message: Message, of_mine: bool) -> Letter:
    again = of_mine and message.state == Message.State.GIVEN_UP
    alerts = {alert.incident_id or -alert.pk: alert for alert in message.alerts.all()}  # one for each incident or note
    return Letter(message, *_words(message), list(alerts.values()), again)


def _words(message: Message) -> tuple[str, str]:
    """Its subject and text. A page with all others must not fail for one whose facts are odd."""
    number = f"Message {message.pk}"
    if not message.alerts.all():
        return number, message.error or "What it was about has been removed, and with it what it said."
    try:
        if message.channel == Channel.WEBHOOK:
            text = json.dumps(wording.payload(message), indent=2, ensure_ascii=False)
        else:
            text = wording.shown_text(message)
        return wording.subject(message), text
    except NOT_THE_ITEMS_FAULT:
        raise
    except Exception as error:
        return number, f"This message can't be shown ({type(error).__name__}): what was stored of it is odd."
