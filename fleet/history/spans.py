"""Reading the history: raw observations and their rollups, and how far each endpoint is rolled up.

A span is a minute, an hour or a day; it starts on a whole one of UTC. Days are UTC days: readers live in many zones,
and a day must be the same one for all of them.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from django.db.models import Func, IntegerField, OuterRef, Subquery

from ..models import Endpoint, Observation, Rollup
from .totals import DAY, FIGURES, HOUR, MINUTE, WIDTH, Part, Total, stands_for, total_of

CHUNK = 100
"""Endpoints that one query is about: SQLite takes 999 parameters."""


class Bucket(Func):
    """The number of the bucket a time falls into: unix seconds / width, rounded down."""

    output_field = IntegerField()

    def __init__(self, expression: str, width: int) -> None:
        super().__init__(expression, width=int(width))

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # Stored as text in UTC; strftime is the fastest way to seconds that every SQLite has; the per cents are
        # undoubled twice.
        return self.as_sql(compiler, connection, template="strftime('%%%%s', %(expressions)s) / %(width)s", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "FLOOR(EXTRACT(EPOCH FROM %(expressions)s) / %(width)s)::bigint"
        return self.as_sql(compiler, connection, template=template, **context)


@dataclass(frozen=True, slots=True)
class Edges:
    """How far one endpoint is rolled up: for each span the end of the last one; None where there is none yet."""

    interval: int  # seconds
    observed: datetime | None  # the newest observation
    minute: datetime | None
    hour: datetime | None
    day: datetime | None

    def of(self, span: str) -> datetime | None:
        """The end of what is rolled up into this span."""
        return {MINUTE: self.minute, HOUR: self.hour, DAY: self.day}[span]

    def has_since(self, moment: datetime) -> bool:
        """Whether anything was observed from `moment` on."""
        return self.observed is not None and self.observed >= moment

    def behind(self, span: str) -> bool:
        """Whether there is anything finer that is not rolled up into this span yet."""
        finer = {MINUTE: self.observed, HOUR: self.minute, DAY: self.hour}[span]
        done = self.of(span)
        # The finer edges are ends, the newest observation is a moment: at the very edge it is not rolled up.
        return finer is not None and (done is None or finer > done or (span == MINUTE and finer == done))


def floor(moment: datetime, span: str) -> datetime:
    """The start of the minute, hour or UTC day that a moment lies in."""
    seconds = int(moment.timestamp())
    return at(seconds - seconds % WIDTH[span])


def at(seconds: float) -> datetime:
    """Unix seconds as a moment."""
    return datetime.fromtimestamp(seconds, UTC)


def edges(now: datetime, endpoint_ids: Collection[int] | None = None) -> dict[int, Edges]:
    """How far endpoints (all of them for None) are rolled up. Spans in the future count as none: the clock may have
    been wrong when they were written."""
    found = Endpoint.objects.order_by("pk").annotate(
        observed=Subquery(Observation.objects.filter(endpoint=OuterRef("pk")).order_by("-at").values("at")[:1]),
        **{f"last_{span}": _last(span, now) for span in WIDTH},
    )
    if endpoint_ids is not None:
        found = found.filter(pk__in=endpoint_ids)
    rows = found.values_list("pk", "interval", "observed", *(f"last_{span}" for span in WIDTH))
    return {pk: Edges(interval, seen, *_ends(lasts)) for pk, interval, seen, *lasts in rows}


def _last(span: str, now: datetime) -> Subquery:
    rows = Rollup.objects.filter(endpoint=OuterRef("pk"), span=span, start__lt=now)
    return Subquery(rows.order_by("-start").values("start")[:1])


def _ends(lasts: list[datetime | None]) -> list[datetime | None]:
    ends = [last and last + timedelta(seconds=width) for last, width in zip(lasts, WIDTH.values(), strict=True)]
    # Of one that was not probed lately the finer rows are pruned: what is in an hour was in its minutes.
    return [max(filter(None, ends[finest:]), default=None) for finest in range(len(ends))]


def observed(intervals: dict[int, int], start: datetime, end: datetime) -> Iterator[Part]:
    """The minutes from `start` to before `end`, from raw observations, newest endpoint first.

    `intervals`: seconds by endpoint, a chunk; for observations that do not know theirs.
    """
    # When each endpoint was probed last before `start`, and the interval then, in seconds.
    earlier = Observation.objects.filter(endpoint=OuterRef("pk"), at__lt=start).order_by("-at")
    endpoints = Endpoint.objects.filter(pk__in=list(intervals)).order_by()
    found = endpoints.annotate(last=Subquery(earlier.values("at")[:1]), kept=Subquery(earlier.values("interval")[:1]))
    last = {pk: (last, kept) for pk, last, kept in found.values_list("pk", "last", "kept")}
    rows = (
        Observation.objects.filter(endpoint_id__in=list(intervals), at__gte=start, at__lt=end)
        .annotate(minute=Bucket("at", WIDTH[MINUTE]))
        .order_by("-endpoint_id", "at")  # the index, backwards
        .values_list("endpoint_id", "minute", "at", "interval", "status", "excluded", *FIGURES)
    )

    def weighed(probe: tuple) -> tuple:
        pk, _, moment, interval, *found = probe
        before, expected = last.get(pk, (None, None))
        last[pk] = moment, interval
        # Where the interval was changed between two probes, the longer one explains the time between them.
        longest = max(interval or intervals[pk], expected or 0)
        return (stands_for((moment - before).total_seconds() if before else None, longest), *found)

    for (pk, minute), probes in groupby(rows.iterator(2000), key=itemgetter(0, 1)):
        yield Part(pk, minute * WIDTH[MINUTE], total_of(map(weighed, probes)))


def rolled(endpoint_ids: Collection[int], span: str, start: datetime, end: datetime | None = None) -> Iterator[Part]:
    """The stored spans from `start` on (to before `end`) of a chunk of endpoints."""
    rows = Rollup.objects.filter(endpoint_id__in=endpoint_ids, span=span, start__gte=start)
    if end is not None:
        rows = rows.filter(start__lt=end)
    found = rows.order_by("endpoint_id", "start").values_list("endpoint_id", "start", "counts", "excluded", "sums")
    for pk, began, counts, excluded, sums in found.iterator(2000):
        yield Part(pk, int(began.timestamp()), Total(counts, excluded, sums))


def chunks(endpoint_ids: Collection[int], size: int = CHUNK) -> Iterator[list[int]]:
    """The endpoints in portions that one query takes."""
    rest = iter(endpoint_ids)
    while chunk := list(islice(rest, size)):
        yield chunk
