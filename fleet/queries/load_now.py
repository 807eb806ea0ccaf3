"""What is known of the load before anything was judged: what the last probes found, and the busiest hour so far."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Count, F, Sum

from ..access import visible
from ..history.totals import HOUR
from ..models import EndpointState, Rollup
from .cells import load_of
from .order import COLUMNS
from .states import StateRow, judged, read

SHOWN = 50
"""Endpoints in the table, the most loaded first."""

WITHIN = timedelta(days=3)
_FIGURES = ("running", "waiting", "busy")


@dataclass(frozen=True, slots=True)
class BusiestHour:
    """The hour with the most callers; where they can't be counted, that in which most probes found it at work."""

    start: datetime
    callers: float | None  # mean of those under way and waiting; None: it can't be counted
    at_work: float  # per cent of the probes


@dataclass(frozen=True, slots=True)
class LoadNow:
    """All that the person may see, or what one team has of it."""

    endpoints: list[tuple[StateRow, str, BusiestHour | None]]  # the most loaded first, SHOWN at most; its load in words
    teams: list[
        tuple[str, str, int, int | None]
    ]  # name, slug, endpoints, callers now (None: not known); the most first

    @property
    def watched(self) -> int:
        return sum(endpoints for _, _, endpoints, _ in self.teams)


def load_now(user: User, team: str) -> LoadNow:
    """The load as of the last probes, of the team with the slug `team` or of all, in five queries."""
    now = time.time()
    states = visible(user, EndpointState.objects.watched().order_by(), "endpoint__team")
    states = states.filter(endpoint__team__slug=team) if team else states
    by_team = states.values_list("endpoint__team__name", "endpoint__team__slug")
    teams = by_team.annotate(Count("pk"), total=Sum("callers")).order_by(
        F("total").desc(nulls_last=True), "endpoint__team"
    )
    heaviest = [key.desc(nulls_last=True) for key in COLUMNS["load"].by]
    first = states.alias(judged=judged()).order_by(*heaviest, *COLUMNS["name"].by).values_list("pk", flat=True)
    pks = list(first[:SHOWN])
    rows = read(EndpointState.objects.filter(pk__in=pks), lambda each: (each, load_of(each, now).note), board=True)
    rows.sort(key=lambda row: pks.index(row[0].endpoint_id))
    busiest = _busiest(pks, datetime.fromtimestamp(now, UTC) - WITHIN)
    return LoadNow([(state, note, busiest.get(state.endpoint_id)) for state, note in rows], list(teams))


def _busiest(pks: Iterable[int], since: datetime) -> dict[int, BusiestHour]:
    """By the number of the endpoint; without those that have no whole hour, or none with any load."""
    found: dict[int, BusiestHour] = {}
    hours = Rollup.objects.filter(endpoint__in=pks, span=HOUR, start__gte=since).order_by("start")
    for pk, start, sums in hours.values_list("endpoint", "start", "sums"):
        running, waiting, busy = (sums[name][1] / sums[name][0] if name in sums else None for name in _FIGURES)
        hour = BusiestHour(start, None if running is None else running + (waiting or 0), 100 * (busy or 0))
        best = found.get(pk)
        if (hour.callers or hour.at_work) and (best is None or _load(hour) > _load(best)):
            found[pk] = hour
    return found


def _load(hour: BusiestHour) -> tuple[float, float]:
    return hour.callers or 0, hour.at_work
