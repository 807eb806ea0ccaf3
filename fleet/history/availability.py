"""How much of the time an endpoint could be used, and what that figure leaves out. Pure.

It is weighted by time: a probe stands for the time since the last one, so that all together never exceed what passed.
Counted as not available is the time of the probes that found it down. Busy, loading, asleep and degraded endpoints
answer, so they are available; trouble of these kinds has incidents of its own. The board's figure for the last day
follows the same rule, from what each probe adds to the state row: fleet.history.day_strip.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core import time_zones

from ..display import formats
from .totals import DAY, HOUR, WIDTH, Part

_OUT = ("maintenance", "blind")


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time up to now. It starts with a whole hour, or with a whole UTC day where it is longer than one."""

    key: str
    seconds: int
    span: str  # the rollup it is made of

    def start(self, now: float) -> int:
        """Unix seconds of its first moment."""
        first = int(now) - self.seconds
        return first - first % WIDTH[self.span]


PERIODS = (
    Period("24 h", 86_400, HOUR),
    Period("7 d", 7 * 86_400, DAY),
    Period("30 d", 30 * 86_400, DAY),
    Period("90 d", 90 * 86_400, DAY),
)


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days on a zone's clock, both included, in whole hours; the last one up to now where it is today."""

    period: Period
    end: float  # unix seconds
    first: date
    last: date
    zone: str

    @property
    def start(self) -> int:
        """Unix seconds of its first moment."""
        return self.period.start(self.end)


def last_week(now: float, zone: str) -> Days:
    """Monday to Sunday of the last week that is over at `now` (unix seconds)."""
    today = datetime.fromtimestamp(now, ZoneInfo(zone)).date()
    monday = today - timedelta(days=today.weekday() + 7)
    sunday = monday + timedelta(days=6)
    return _days(f"last week, {monday} to {sunday}", monday, sunday, zone, now)


def chosen_days(first: str, last: str, zone: str, now: float, hours: int, days: int) -> Days:
    """The days that were typed, as 2026-11-01, both included.

    `hours` and `days` are for how many days sums of those are kept. What begins before there are hours goes by days of
    UTC, whatever the zone. `now` is in unix seconds. Raises ValueError with a sentence for the reader.
    """
    if zone not in time_zones.known():
        raise ValueError(f"“{zone[:40]}” is no time zone we know. Use one like Europe/Berlin.")
    begin, end = (_day(text) for text in (first, last))
    today = datetime.fromtimestamp(now, ZoneInfo(zone)).date()
    if end < begin:
        raise ValueError("The last day is before the first one. Exchange the two.")
    if end > today:
        raise ValueError(f"The last day has not come yet. Choose {today} or an earlier one.")
    oldest = datetime.fromtimestamp(now, UTC).date() - timedelta(days=days - 1)
    if begin < oldest:
        raise ValueError(f"The history is kept for {days} days (KEEP_DAILY). Choose {oldest} or a later first day.")
    found = _days(f"{begin} to {end}", begin, end, zone, now)
    return _days(found.period.key, begin, end, "UTC", now) if found.start < now - hours * 86_400 else found


def _day(text: str) -> date:
    if not text:
        raise ValueError("Both days are needed: from which, and to which.")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"“{text[:40]}” is no day. Write it like 2026-11-28.") from None


def _days(key: str, first: date, last: date, zone: str, now: float) -> Days:
    midnights = (datetime.combine(day, time(), ZoneInfo(zone)) for day in (first, last + timedelta(days=1)))
    start, end = (midnight.timestamp() // 3600 * 3600 for midnight in midnights)
    end = min(end, now)
    return Days(Period(key, int(end) - int(start), HOUR), end, first, last, zone)


@dataclass(frozen=True, slots=True)
class Availability:
    """What is known of one period; all times in seconds."""

    period: str
    counted: float = 0.0  # the time that counts
    down: float = 0.0  # of it
    probes: int = 0  # that count
    maintenance: float = 0.0
    blind: float = 0.0
    unknown: float = 0.0  # probed, without learning how it is
    unwatched: float = 0.0  # not probed: paused, or the watch did not run
    since: int | None = None  # unix seconds; where the history begins within the period

    @property
    def share(self) -> float | None:
        """The share (0..1) of the time that counts in which it was not found down; None where none counts."""
        return share_available(self.counted, self.down)

    @property
    def since_at(self) -> datetime | None:
        """When the history begins, if within the period."""
        return None if self.since is None else datetime.fromtimestamp(self.since, UTC)

    @property
    def notes(self) -> str:
        """What is left out, in words: "excluded 2 h maintenance, 4 min blind; not watched for 3 h"."""
        out = [f"{formats.duration(s)} {why}" for why in _OUT if (s := getattr(self, why))]
        notes = [f"excluded {', '.join(out)}"] if out else []
        notes += [f"not known for {formats.duration(self.unknown)}"] if self.unknown else []
        notes += [f"not watched for {formats.duration(self.unwatched)}"] if self.unwatched else []
        return "; ".join(notes)


def share_available(counted: float, down: float) -> float | None:
    """The share (0..1) that was not down of the seconds that count; None where none counts."""
    return 1 - down / counted if counted else None


def availability(period: Period, parts: Iterable[Part], now: float, interval: int, added_at: float) -> Availability:
    """The availability of one endpoint over a period, from the parts of its history.

    `interval` is in seconds; `now` and `added_at`, when the endpoint was added, are unix seconds.
    """
    start = period.start(now)
    parts = [part for part in parts if part.start >= start]
    times = dict.fromkeys(("counted", "down", "unknown", *_OUT), 0.0)
    probes, watched = 0, 0.0
    for part in parts:
        total = part.total
        counts = {status: n for status, n in total.counts.items() if status != "unknown"}
        probes += sum(counts.values())
        watched += total.seconds
        times["counted"] += sum(map(total.seconds_of, counts))
        for what in ("down", "unknown", *_OUT):
            times[what] += total.seconds_of(what)
    # When the history begins. Of its first span perhaps only the end was watched, since the endpoint was added.
    first = min((part.start for part in parts), default=now)
    began = added_at if first <= added_at < first + WIDTH[DAY] else first
    # The first probe of a period stands for time before it too; older rows counted some time twice.
    passed = now - max(start, min(began, added_at))
    if watched > passed:
        times = {what: seconds * passed / watched for what, seconds in times.items()}
    gap = now - began - watched  # worth a mention where it is more than the wait for the next probe
    return Availability(
        period=period.key,
        probes=probes,
        unwatched=gap if gap >= max(120.0, 2.5 * interval) else 0.0,
        since=int(began) if parts and began - start >= WIDTH[period.span] else None,
        **times,
    )


def without_repeats(each: Sequence[Availability]) -> tuple[Availability, ...]:
    """Of growing periods those up to the first in which the history begins: longer ones are the same again."""
    begun = next((n for n, one in enumerate(each) if one.since is not None), len(each))
    return tuple(each[: begun + 1])


def together(period: Period, each: Sequence[Availability]) -> Availability:
    """The availability of some endpoints as one: their times added up, so that each counts as long as it was watched.

    The history begins with the first of them.
    """
    added = {
        name: sum(getattr(one, name) for one in each)
        for name in ("counted", "down", "probes", *_OUT, "unknown", "unwatched")
    }
    known = [one for one in each if one.probes or one.maintenance or one.blind or one.unknown]
    begun = [one.since for one in known if one.since is not None]
    since = min(begun) if begun and len(begun) == len(known) else None
    return Availability(period=period.key, since=since, **added)
