"""The stretch of time that charts show, and its clock times. Pure: no I/O, no Django."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from urllib.parse import urlencode

from core.dates import second

HOUR, DAY = 3600, 86_400

RANGES = {"1h": HOUR, "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY, "90d": 90 * DAY}
"""Up to now, in seconds."""

SHORTEST, LONGEST = 60, 90 * DAY
"""Seconds that can be asked for."""

_BUCKETS = 270
"""No chart has more of them."""

_WIDTHS = (5, 10, 15, 30, 60, 120, 300, 360, 600, 900, 1800, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 8 * HOUR)
_STEPS = (
    10, 30, 60, 120, 300, 600, 900, 1800, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
    DAY, 2 * DAY, 5 * DAY, 15 * DAY,
)  # fmt: skip
"""Seconds between clock times on the axis; static/js/charts.js has the same."""

_TICKS = 8


class BadSpan(ValueError):
    """A stretch that can't be shown; its text is a sentence for the reader."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A clock time on the axis."""

    at: int  # unix seconds
    x: float  # per cent of the width
    text: str  # in UTC

    @property
    def anchor(self) -> str:
        """Of its text, which is not to leave the plot."""
        return "start" if self.x < 3 else "end" if self.x > 97 else "middle"


@dataclass(frozen=True, slots=True)
class Span:
    """Buckets of equal width. The number of a bucket is its first second (unix) / width."""

    first: int
    buckets: int
    width: int  # seconds
    words: str  # "in the last 7 d"
    key: str = ""  # of RANGES; empty: asked for by its ends

    @property
    def start(self) -> int:
        """Unix seconds."""
        return self.first * self.width

    @property
    def end(self) -> int:
        """Unix seconds of the first moment after it; in a span up to now it may be yet to come."""
        return (self.first + self.buckets) * self.width

    @property
    def starts_at(self) -> datetime:
        """`start` in UTC."""
        return _at(self.start)

    @property
    def ends_at(self) -> datetime:
        """`end` in UTC."""
        return _at(self.end)

    @property
    def query(self) -> str:
        """What asks for it in an address."""
        return f"range={self.key}" if self.key else _between_query(self.start, self.end)

    @property
    def ticks(self) -> list[Tick]:
        """Round clock times of UTC, with the date where the day is another one than at the tick before."""
        seconds = self.end - self.start
        step = next((each for each in _STEPS if each * _TICKS >= seconds), _STEPS[-1])
        found, day = list[Tick](), None
        for time in range(-(-self.start // step) * step, self.end, step):
            at = _at(time)
            text = f"{at:%H:%M:%S}" if step < 60 else f"{at:%H:%M}"
            if step >= DAY or (day and at.date() != day):
                text = f"{at.day} {at:%b}" + ("" if step >= DAY else f" {text}")
            found.append(Tick(time, round(100 * (time - self.start) / seconds, 2), text))
            day = at.date()
        return found

    @property
    def earlier(self) -> str:
        """What asks for the span before it, half of it still shown."""
        return self._moved(-0.5)

    @property
    def later(self) -> str:
        """What asks for the span after it, half of it still shown."""
        return self._moved(0.5)

    @property
    def twice(self) -> str:
        """What asks for one twice as long around it."""
        return self._moved(0, 2)

    @property
    def half(self) -> str:
        """What asks for its middle half; empty where it is as short as can be shown."""
        return self._moved(0, 0.5) if self.end - self.start > SHORTEST else ""

    @property
    def typed_start(self) -> str:
        """`start` as a field of a form has it, in UTC."""
        return f"{self.starts_at:%Y-%m-%dT%H:%M:%S}"

    @property
    def typed_end(self) -> str:
        """`end` as a field of a form has it, in UTC."""
        return f"{self.ends_at:%Y-%m-%dT%H:%M:%S}"

    def _moved(self, by: float, times: float = 1.0) -> str:
        length = self.end - self.start
        middle = self.start + length * (0.5 + by)
        half = min(max(length * times, SHORTEST), LONGEST) / 2
        return _between_query(int(middle - half), int(middle + half))


def up_to(seconds: int, now: float, key: str = "", width: int = 0) -> Span:
    """The last `seconds` up to `now` (unix seconds); `width` of a bucket in seconds, else as wide as is needed."""
    width = width or _width(seconds)
    buckets = seconds // width
    label = f"{seconds // DAY} d" if seconds > DAY else f"{seconds // HOUR} h"
    return Span(int(now // width) - buckets + 1, buckets, width, f"in the last {label}", key)


def asked(query: Mapping[str, str], now: float, fine_since: float, zone: tzinfo) -> Span:
    """The span of an address: `from` and `to`, else `range`, else the last hour.

    Before `fine_since` (unix seconds, as `now`) there are hours alone. `zone` is that of times without one. Raises
    BadSpan.
    """
    given = [query.get(name, "").strip() for name in ("from", "to")]
    if not any(given):
        key = query.get("range", "1h")
        return up_to(RANGES.get(key, HOUR), now, key if key in RANGES else "1h")
    start, end = (_moment(text, zone) for text in given)
    end = min(end, now)
    if start >= now:
        raise BadSpan("The time asked for has not come yet. Choose a start in the past.")
    if end <= start:
        raise BadSpan("The end of the time asked for is not after its start. Exchange the two.")
    if not SHORTEST <= end - start <= LONGEST:
        raise BadSpan(f"Between one minute and {LONGEST // DAY} days can be shown at once. Choose other ends.")
    width = _width(end - start)
    if start < fine_since:
        width = max(width, HOUR)
    first = int(start // width)
    return Span(first, int(-(-end // width)) - first, width, "in the time chosen")


def _moment(text: str, zone: tzinfo) -> float:
    if not text:
        raise BadSpan("Both ends are needed: from when, and to when.")
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError):
        raise BadSpan(f"“{text[:40]}” is no time. Write it like 2026-11-28T14:00Z.") from None


def _width(seconds: float) -> int:
    return next((width for width in _WIDTHS if width * _BUCKETS >= seconds), _WIDTHS[-1])


def _between_query(start: int, end: int) -> str:
    return urlencode({"from": second(_at(start)), "to": second(_at(end))}, safe=":")


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
