"""Rolling up the history: observations to minutes, minutes to hours, hours to UTC days.

A span is always computed from all that lies in it, never added to, so doing it twice changes nothing. How far
an endpoint is rolled up is shown by its own rows, which are written in the order of time: whatever stopped the last
run, the next one goes on from there.
"""

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice

from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery

from core import fence

from ..models import Endpoint, Observation, Rollup
from .spans import at, chunks, edges, floor, observed, rolled
from .together import together
from .totals import DAY, HOUR, MINUTE, WIDTH, Part, coarser

WAIT = {MINUTE: timedelta(minutes=2), HOUR: timedelta(minutes=10), DAY: timedelta(minutes=10)}
"""How long after its end a span is rolled up. What comes later than that is counted when the hour is."""

STRETCH = {MINUTE: timedelta(hours=1), HOUR: timedelta(hours=6), DAY: timedelta(days=30)}
"""How much of an endpoint's history is read at once."""

CHUNK = 50
"""Endpoints whose history is read at once."""

WRITE_AT_ONCE = 250
"""Rows of one transaction: it holds SQLite's only writer for some 10 ms."""

BUDGET = 20.0
"""Seconds after which a run leaves the rest to the next one: it shares a worker with the mails."""

_FINER = {HOUR: MINUTE, DAY: HOUR}


def sweep(span: str) -> str:
    """The name of the sweep over a span, as core.fence knows it."""
    return f"roll-up {span}"


def roll_up(now: datetime | None = None, budget: float = BUDGET) -> bool:
    """Rolls up what is complete at `now`; `budget` in seconds. Returns whether nothing is left to do."""
    now, stop_at = now or datetime.now(UTC), time.monotonic() + budget
    return all(_roll(span, now, stop_at) for span in WIDTH)


def _roll(span: str, now: datetime, stop_at: float) -> bool:
    until = floor(now - WAIT[span], span)
    while groups := _behind(span, now, until):
        for start, intervals in groups.items():
            end = min(until, start + STRETCH[span])
            for ids in chunks(intervals, CHUNK):
                if time.monotonic() > stop_at:
                    return False
                together(sweep(span), ids, partial(_do, span, intervals, start, end))
        if all(until <= start + STRETCH[span] for start in groups):
            break
    return True


def _do(span: str, intervals: dict[int, int], start: datetime, end: datetime, ids: list[int]) -> None:
    _write(span, _parts(span, {pk: intervals[pk] for pk in ids}, start, end))


def _behind(span: str, now: datetime, until: datetime) -> dict[datetime, dict[int, int]]:
    """Where to go on: the start of the first span to do -> the endpoints' intervals in seconds."""
    by_edge: dict[datetime | None, dict[int, int]] = {}
    held = fence.waiting(sweep(span))
    for pk, edge in edges(now).items():
        if str(pk) not in held and edge.behind(span) and (edge.of(span) or until) <= until:
            by_edge.setdefault(edge.of(span), {})[pk] = edge.interval
    starts: dict[datetime, dict[int, int]] = {}
    for done, intervals in by_edge.items():
        for pk, first in _first(span, intervals, done):
            if first and (start := floor(first, span)) < until:
                starts.setdefault(start, {})[pk] = intervals[pk]
    return starts


def _first(span: str, endpoint_ids: Iterable[int], since: datetime | None) -> QuerySet:
    """(endpoint, its first moment from `since` on that is to be rolled up): it leaps over time without probes."""
    source, moment = _source(span), "at" if span == MINUTE else "start"
    source = source.filter(endpoint=OuterRef("pk"), **({f"{moment}__gte": since} if since else {}))
    first = Subquery(source.order_by(moment).values(moment)[:1])
    return Endpoint.objects.filter(pk__in=list(endpoint_ids)).annotate(first=first).values_list("pk", "first")


def _source(span: str) -> QuerySet:
    return Observation.objects.all() if span == MINUTE else Rollup.objects.filter(span=_FINER[span])


def _parts(span: str, intervals: dict[int, int], start: datetime, end: datetime) -> list[Part]:
    if span == MINUTE:
        parts = list(observed(intervals, start, end))
    else:
        finer = list(rolled(intervals, _FINER[span], start, end))
        if span == HOUR and (late := _late(intervals, finer, start, end)):
            _write(MINUTE, observed({pk: intervals[pk] for pk in late}, start, end))
            finer = list(rolled(intervals, MINUTE, start, end))
        parts = coarser(finer, WIDTH[span])
    # In the order of time: an endpoint's last row then says that all before it is done, wherever a run ended.
    return sorted(parts, key=lambda part: part.start)


def _late(endpoint_ids: Iterable[int], minutes: list[Part], start: datetime, end: datetime) -> list[int]:
    """The endpoints with observations that came after their minute was rolled up."""
    rows = Observation.objects.filter(endpoint_id__in=list(endpoint_ids), at__gte=start, at__lt=end).order_by()
    stored = dict(rows.values_list("endpoint_id").annotate(probes=Count("pk")))
    for part in minutes:
        if part.endpoint_id in stored:
            stored[part.endpoint_id] -= part.total.probes
    return [pk for pk, missing in stored.items() if missing > 0]


def _write(span: str, parts: Iterable[Part]) -> None:
    rest = (
        Rollup(
            endpoint_id=part.endpoint_id,
            span=span,
            start=at(part.start),
            counts=part.total.counts,
            excluded=part.total.excluded,
            worst=part.total.worst,
            sums=part.total.sums,
        )
        for part in parts
    )
    while rows := list(islice(rest, WRITE_AT_ONCE)):
        with transaction.atomic():
            Rollup.objects.bulk_create(
                rows,
                update_conflicts=True,
                unique_fields=["endpoint", "span", "start"],
                update_fields=["counts", "excluded", "worst", "sums"],
            )
