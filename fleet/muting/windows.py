"""When a maintenance window is on. Pure: no I/O, no Django.

Repetitions keep to the wall clock of the window's time zone: one at 02:00 stays at 02:00 through summer time.
Whatever is stored costs microseconds and never overflows. An unknown time zone counts as UTC; an unknown repetition
raises ValueError.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule

from core import time_zones

PERIODS = {"daily": timedelta(days=1), "weekly": timedelta(days=7), "monthly": timedelta(days=28)}
"""The shortest time from one repetition to the next. A window has to be over by then."""

_FREQUENCIES = {"daily": DAILY, "weekly": WEEKLY, "monthly": MONTHLY}
_AHEAD = timedelta(days=62)
"""Every kind of repetition comes round in this time."""

_SLACK = timedelta(days=1, hours=1)
"""No time zone's wall clock is further from another's reading of the same moment after a change of the clock."""

_FIRST, _LAST = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)
"""Between them a few months and any time zone can be added and taken away."""

_LONGEST = 31 * 24 * 60
"""Minutes: more than any window that can be planned takes."""


class Window(Protocol):
    """What has to be known of a window; models.MaintenanceWindow is one."""

    starts_at: datetime  # aware, in whole minutes; of the first one
    minutes: int
    repeats: str  # once, daily, weekly, monthly
    time_zone: str
    last_day: date | None  # no repetition begins after it


Stretch = tuple[datetime, datetime]


def current(window: Window, at: datetime) -> Stretch | None:
    """(start, end) in UTC of the window that is on at `at` (aware); None when none is. Its end is not part of it."""
    at, length = _held(at), _length(window)
    on = [(start, start + length) for start in _starts(window, at - length, at)]
    return next(((start, end) for start, end in reversed(on) if start <= at < end), None)


def following(window: Window, at: datetime) -> Stretch | None:
    """(start, end) in UTC of the next window that begins after `at` (aware); None when there is no more."""
    at, length = _held(at), _length(window)
    since = max(at, _held(window.starts_at) - timedelta(seconds=1))
    return next(((start, start + length) for start in _starts(window, since, since + _AHEAD) if start > at), None)


def between(window: Window, low: datetime, high: datetime) -> list[Stretch]:
    """(start, end) in UTC of its times that were or are on between two moments (aware), in order."""
    low, high, length = _held(low), _held(high), _length(window)
    return [(start, start + length) for start in _starts(window, low - length, high)]


def first(window: Window) -> Stretch:
    """(start, end) in UTC of its first time."""
    start = _held(window.starts_at)
    return start, start + _length(window)


def _held(moment: datetime) -> datetime:
    return min(max(moment, _FIRST), _LAST).astimezone(UTC)


def _length(window: Window) -> timedelta:
    return timedelta(minutes=min(max(window.minutes, 0), _LONGEST))


def _starts(window: Window, low: datetime, high: datetime) -> list[datetime]:
    """The starts from `low` to `high`, in order."""
    once = window.repeats == "once"
    found = [_held(window.starts_at)] if once else _repetitions(window, low, high)
    return [start for start in found if low <= start <= high]


def _repetitions(window: Window, low: datetime, high: datetime) -> list[datetime]:
    zone, exact = time_zones.named(window.time_zone), _held(window.starts_at)
    first = exact.astimezone(zone).replace(tzinfo=None, fold=0)
    begin, end = (at.astimezone(zone).replace(tzinfo=None) for at in (low - _SLACK, high + _SLACK))
    walls = _rule(window.repeats, first, begin).between(begin, end, inc=True)
    return [
        # The first one is known exactly, even where its wall clock comes twice.
        exact if wall == first else time_zones.moment(wall, zone).astimezone(UTC)
        for wall in walls
        if window.last_day is None or wall.date() <= window.last_day
    ]


def _rule(repeats: str, first: datetime, begin: datetime) -> rrule:
    """The repetitions by the wall clock. On the 29th to 31st means the last day where a month has no such day."""
    if repeats not in _FREQUENCIES:
        raise ValueError(f"“{repeats}” is no way to repeat that is known.")
    # A rule counts from its start, so it starts close by.
    if repeats == "monthly":
        start = max(first, first.replace(year=begin.year, month=begin.month, day=1))
        return rrule(MONTHLY, dtstart=start, bymonthday=(first.day, -1), bysetpos=1)
    step = PERIODS[repeats]
    return rrule(_FREQUENCIES[repeats], dtstart=first + max(0, (begin - first) // step) * step)
