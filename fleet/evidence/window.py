"""The rows of a window, by model and by day, within a team's office hours."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from . import counts
from .counts import Counts

DAY = 86_400

_EDGES = {name: (*map(str, edges), "+Inf") for name, edges in counts.BINS.items()}


class Row(NamedTuple):
    """One stored hour of one model."""

    start: int  # unix seconds
    model: str
    counts: Counts
    edges: Mapping[str, tuple[str, ...]] = MappingProxyType({})  # histogram -> upper edges of its buckets
    seconds: int = 3600  # DAY for a day made of hours


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When a team works."""

    zone: str = "UTC"
    first: int = 9  # hour of the day
    last: int = 18  # the first hour that is none any more
    days: tuple[int, ...] = (0, 1, 2, 3, 4)  # Monday is 0

    def local(self, start: int) -> datetime:
        """A moment (unix seconds) by the team's clock."""
        return _local(start, self.zone)

    def has(self, start: int) -> bool:
        """Whether the hour that begins then (unix seconds) is one of them."""
        at = self.local(start)
        return at.weekday() in self.days and self.first <= at.hour < self.last


@lru_cache(10_000)
def _local(start: int, zone: str) -> datetime:
    return datetime.fromtimestamp(start, ZoneInfo(zone))


@dataclass(frozen=True, slots=True)
class Stretch:
    """The rows of one model that are judged together."""

    rows: tuple[Row, ...]
    total: Counts
    days: Mapping[date, Counts]  # by the team's clock; of office hours only

    def histogram(self, name: str) -> list[tuple[str, int]]:
        """The buckets of an engine's histogram as (upper edge, values in it), over the rows with the newest edges.

        Rows with other edges can't be added to them.
        """
        having = [row for row in self.rows if row.edges.get(name)]
        if not having:
            return []
        edges = max(having, key=lambda row: (row.start, row.edges[name])).edges[name]
        others = any(row.edges[name] != edges for row in having)
        total = counts.merged(row.counts for row in having if row.edges[name] == edges) if others else self.total
        return list(zip(edges, counts.distribution(total, name), strict=False))


def stretches(rows: Iterable[Row], office: OfficeHours) -> tuple[Stretch, Stretch]:
    """All of these rows, and those within office hours. Each row is added up once, since there are many."""
    whole = tuple(sorted(rows, key=lambda row: row.start))
    within = tuple(row for row in whole if office.has(row.start))
    inside = set(map(id, within))
    by_day: dict[date, list[Counts]] = defaultdict(list)
    for row in within:
        by_day[office.local(row.start).date()].append(row.counts)
    days = {day: counts.merged(some) for day, some in by_day.items()}
    total = counts.merged(days.values())
    rest = counts.merged(row.counts for row in whole if id(row) not in inside)
    return Stretch(whole, counts.merged([total, rest]), days), Stretch(within, total, days)


def percentile(buckets: list[tuple[str, int]], share: float) -> tuple[str, str] | None:
    """The bucket (above this, up to that) in which a percentile lies; None without values. `share` is 0 to 1.

    The bucket and no number within it: an interpolated one was up to 66 % off.
    """
    total = sum(number for _, number in buckets)
    passed, lower = 0, "0"
    for edge, number in buckets:
        passed += number
        if total and passed >= share * total:
            return lower, edge
        lower = edge
    return None


def bins(total: Counts, name: str) -> list[tuple[str, int]]:
    """A distribution of our own in the same shape."""
    return list(zip(_EDGES[name], counts.distribution(total, name), strict=True))
