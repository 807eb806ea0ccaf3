"""How available endpoints were, for the pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from teams.models import Team

from ..alerts.policy import policy_of
from ..history.availability import PERIODS, Availability, Days, Period, availability, last_week, together
from ..history.spans import Edges, at, chunks, edges, floor, rolled
from ..history.totals import DAY, HOUR, WIDTH, Part
from ..models import Endpoint, Incident
from . import past


@dataclass(frozen=True, slots=True)
class Line:
    """One endpoint, or all of a team, in every period."""

    endpoint: Endpoint | None  # None: all of them
    periods: tuple[Availability, ...]


@dataclass(frozen=True, slots=True)
class Outages:
    """What the incidents of one period say: only those in which an endpoint was down."""

    period: str
    incidents: int
    seconds: float  # in all, as far as they lie in the period
    to_repair: float | None  # the mean, in seconds, of those resolved in it


@dataclass(frozen=True, slots=True)
class TeamHistory:
    """How available a team's endpoints were."""

    team: Team
    week: Days  # the last column, but for
    chosen: Days | None  # days of one's own
    lines: tuple[Line, ...]
    total: Line
    outages: tuple[Outages, ...]


def of_endpoint(endpoint: Endpoint, now: float) -> Line:
    """One endpoint's availability up to `now` (unix seconds)."""
    return _lines([endpoint], now)[0]


def of_team(team: Team, now: float, chosen: Days | None = None) -> TeamHistory:
    """The availability of a team's endpoints up to `now` (unix seconds), last week and in the chosen days, and their
    outages."""
    week = last_week(now, policy_of(team).time_zone)
    days = [week, chosen] if chosen else [week]
    lines = _lines(list(team.endpoints.all()), now, days)
    periods = (*PERIODS, *(each.period for each in days))
    columns = zip(*(line.periods for line in lines), strict=True) if lines else [()] * len(periods)
    total = tuple(together(period, column) for period, column in zip(periods, columns, strict=True))
    return TeamHistory(team, week, chosen, tuple(lines), Line(None, total), _outages(team, now, days))


def _lines(endpoints: Sequence[Endpoint], now: float, days: Sequence[Days] = ()) -> list[Line]:
    # The history for each kind of period: hours for the short ones; days, and the hours since, for the long ones.
    endpoint_ids = [endpoint.pk for endpoint in endpoints]
    short, long = (at(min(p.start(now) for p in PERIODS if p.span == span)) for span in (HOUR, DAY))
    known = edges(at(now), endpoint_ids)
    days_end = {pk: max(edge.day or long, long) for pk, edge in known.items()}
    hours_from = {pk: min(short, end) for pk, end in days_end.items()}
    found: dict[str, dict[int, list[Part]]] = {span: {pk: [] for pk in endpoint_ids} for span in (HOUR, DAY)}
    for chunk in chunks(endpoint_ids):
        for part in past.whole(rolled(chunk, DAY, long, at(now))):
            found[DAY][part.endpoint_id].append(part)
    for part in past.parts(hours_from, at(now), HOUR, known):
        found[HOUR][part.endpoint_id].append(part)
        if part.start >= days_end[part.endpoint_id].timestamp():
            found[DAY][part.endpoint_id].append(part)
    in_days = [(each, _parts_in(each, known)) for each in days]
    lines = []
    for each in endpoints:
        periods = [_of(each, period, found[period.span][each.pk], now) for period in PERIODS]
        periods += [_of(each, some.period, parts[each.pk], some.end) for some, parts in in_days]
        lines.append(Line(each, tuple(periods)))
    return lines


def _parts_in(days: Days, known: Mapping[int, Edges]) -> dict[int, list[Part]]:
    """The history in these days by endpoint: whole days of UTC as far as they are rolled up, and hours around them."""
    start, end = at(days.start), at(days.end)
    first, last = at(-(-days.start // WIDTH[DAY]) * WIDTH[DAY]), floor(end, DAY)
    rest = {pk: max(first, min(edge.day or first, last)) for pk, edge in known.items()}
    pieces = [(dict.fromkeys(known, start), min(first, end)), (rest, end)]
    found: dict[int, list[Part]] = {pk: [] for pk in known}
    for since, until in pieces if first < end else pieces[:1]:
        for part in past.parts(since, until, HOUR, known):
            if part.start < until.timestamp():  # it has what was found in that very moment, too
                found[part.endpoint_id].append(part)
    for chunk in chunks(known):
        for part in past.whole(rolled(chunk, DAY, first, last)):
            found[part.endpoint_id].append(part)
    return found


def _of(endpoint: Endpoint, period: Period, parts: list[Part], now: float) -> Availability:
    return availability(period, parts, now, endpoint.interval, endpoint.created_at.timestamp())


def _outages(team: Team, now: float, days: Sequence[Days]) -> tuple[Outages, ...]:
    longest = at(min(now - max(period.seconds for period in PERIODS), *(each.start for each in days)))
    # Closed without a word: the watch was blind, or it is not probed any more.
    heard = Incident.objects.filter(endpoint__team=team, status="down").exclude(announced=Incident.Announced.CLOSED)
    rows = heard.filter(Q(resolved_at=None) | Q(resolved_at__gte=longest)).order_by()
    kept = rows.only("began_at", "again_at", "earlier", "resolved_at", "in_maintenance", "unwatched")
    spans = [(row.counted_from.timestamp(), row.resolved_at and row.resolved_at.timestamp()) for row in kept]
    of_days = (_of_period(each.period, spans, each.end) for each in days)
    return (*(_of_period(period, spans, now) for period in PERIODS), *of_days)


def _of_period(period: Period, spans: list[tuple[float, Any]], end: float) -> Outages:
    start = end - period.seconds
    # Not those of which nothing counts, since all of it was planned or not watched: they would shorten the mean.
    counted = [(began, ended) for began, ended in spans if ended is None or ended > began]
    within = [(began, ended) for began, ended in counted if began < end and (ended is None or ended >= start)]
    resolved = [ended - began for began, ended in within if ended is not None and ended <= end]
    return Outages(
        period=period.key,
        incidents=len(within),
        seconds=sum((end if ended is None else min(ended, end)) - max(began, start) for began, ended in within),
        to_repair=sum(resolved) / len(resolved) if resolved else None,
    )
