"""What sweeps had to put off, as the alerts page lists it."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import QuerySet

from core.models import PutOff
from teams.access import teams_of
from teams.models import Role

MOST = 50
"""Rows on the page."""

_WORDS = {
    "gathering": "Putting alerts into a message",
    "catch-up": "Alerts of an incident",
    "endings": "The end of an incident",
    "unsent": "Sending what was written before a mail server was set",
    "unreached": "Alerting of what reached nobody before",
    "digests": "Daily digest",
    "review dates": "Reminder of a review",
    "review facts": "Comparing a decision with today's facts",
    "decision evidence": "Judging a decision by its endpoints",
    "windows": "Maintenance window",
    "pauses": "End of a pause",
    "silences": "Silence",
    "marks": "Marks of an endpoint",
    "roll-up minute": "History, by minute",
    "roll-up hour": "History, by hour",
    "roll-up day": "History, by day",
    "pruning": "Deleting old history",
    "claims": "Schedule of probes",
    "probes": "Recording what a probe found",
    "storms": "Probing early what is beside a failure",
    "blind stretches": "Taking back what was found while blind",
    "clear-up": "Clearing up",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One item that was put off."""

    pk: int
    what: str  # the sweep, in plain words
    name: str
    team: str  # empty: the installation's own
    why: str
    since: datetime
    attempts: int
    next_try_at: datetime | None  # None: given up
    may_try: bool


@dataclass(frozen=True, slots=True)
class Lines:
    """The first of many, and how many there are."""

    first: list[Line]
    count: int


def what(put_off: PutOff) -> str:
    """The sweep in plain words."""
    return _WORDS.get(put_off.sweep, put_off.sweep)


def listed(user: User, team: str = "") -> Lines:
    """What was put off of the person's teams; of all, and of the installation itself, for administrators.

    Others don't see it where the fleet is open: the reason may hold what only members know. `team` is the slug of one.
    """
    rows: QuerySet[PutOff] = PutOff.objects.select_related("team")
    if not user.is_superuser:
        rows = rows.filter(team__in=teams_of(user))
    rows = rows.filter(team__slug=team) if team else rows
    mine = set(teams_of(user, Role.OPERATOR).values_list("pk", flat=True))
    return Lines([_line(row, user.is_superuser or row.team_id in mine) for row in rows[:MOST]], rows.count())


def _line(row: PutOff, may_try: bool) -> Line:
    team = str(row.team or "")
    return Line(row.pk, what(row), row.name, team, row.why, row.since, row.attempts, row.next_try_at, may_try)
