"""Time-series charts as plain geometry: a template turns a Chart into SVG. Pure: no I/O, no Django.

The plot is stretched to the page's width, so everything lives on a 0..1000 x 0..100 grid and all text is
outside of it. Time labels show the distance from now: the server does not know the reader's time zone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby, pairwise

WIDTH = 1000
HEIGHT = 100


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch of time up to now that a chart can show."""

    key: str  # "1h"
    label: str  # "1 h"
    seconds: int
    ticks: tuple[str, ...]  # evenly spaced, oldest first
    buckets: int = 240
    rollup: str = ""  # the span that it is made of; empty: raw observations

    @property
    def width(self) -> int:
        """Seconds of one bucket."""
        return self.seconds // self.buckets


RANGES = {
    "1h": Range("1h", "1 h", 3600, ("60 min ago", "45", "30", "15", "now")),
    "24h": Range("24h", "24 h", 86400, ("24 h ago", "18", "12", "6", "now")),
    "7d": Range("7d", "7 d", 7 * 86400, ("7 d ago", "6", "5", "4", "3", "2", "1", "now"), 168, "hour"),
    "30d": Range("30d", "30 d", 30 * 86400, ("30 d ago", "25", "20", "15", "10", "5", "now"), 240, "hour"),
    "90d": Range("90d", "90 d", 90 * 86400, ("90 d ago", "75", "60", "45", "30", "15", "now"), 270, "hour"),
}


@dataclass(frozen=True, slots=True)
class Value:
    """What one bucket holds of one figure: the mean, and the extremes where several probes are in it."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart. `values` has one entry per bucket; None where there was no answer."""

    name: str
    values: Sequence[Value | None]
    tone: str = "main"  # CSS class suffix: main, second


@dataclass(frozen=True, slots=True)
class Line:
    """A drawn series: paths of the line, the min/max band and the lone points."""

    name: str
    tone: str
    line: str
    band: str
    dots: str


@dataclass(frozen=True, slots=True)
class Spot:
    """A piece of the plot's width with its hover title."""

    x: float
    width: float
    title: str
    status: str = ""
    href: str = ""  # where it leads, if anywhere


@dataclass(frozen=True, slots=True)
class Chart:
    """All a template needs to draw one chart."""

    title: str
    unit: str
    y_ticks: tuple[str, ...]  # evenly spaced, highest first
    x_ticks: tuple[str, ...]
    lines: tuple[Line, ...]
    spots: tuple[Spot, ...]
    summary: str

    @property
    def empty(self) -> bool:
        """True when there is nothing to draw."""
        return not any(line.line or line.dots for line in self.lines)

    @property
    def leads(self) -> bool:
        """True when its buckets are links."""
        return any(spot.href for spot in self.spots)


def chart(
    title: str,
    unit: str,
    series: Sequence[Series],
    span: Range,
    first: int,
    top: float | None = None,
    link: str = "",
) -> Chart:
    """A chart of some series over `span`; `first` is the number of the first bucket (unix seconds / width).

    `top` fixes the upper end of the axis (100 for a share in %); without it a round number is taken. Each bucket leads
    to `link` with its first second (unix) at the end, where there is one.
    """
    highest = max((v.high for s in series for v in s.values if v), default=0.0)
    top = top or nice_ceiling(highest)
    return Chart(
        title=title,
        unit=unit,
        y_ticks=(f"{number(top)} {unit}".strip(), number(top / 2), "0"),
        x_ticks=span.ticks,
        lines=tuple(_line(s, top, span.buckets) for s in series),
        spots=_spots(series, unit, span, first, link),
        summary="; ".join(_summary(s, unit, len(series) > 1) for s in series),
    )


def status_band(statuses: Sequence[str | None], span: Range, first: int) -> tuple[Spot, ...]:
    """The statuses of the buckets, equal neighbours joined; None (no probe) stays empty."""
    spots, start = [], 0
    for status, group in groupby(_bridged(statuses)):
        count = len(list(group))
        if status:
            text = f"{status}, {_when(first + start, span)} to {_when(first + start + count, span)}"
            step = WIDTH / span.buckets
            spots.append(Spot(_r(start * step), _r(count * step), text, status))
        start += count
    return tuple(spots)


def _bridged(statuses: Sequence[str | None]) -> list[str | None]:
    """A status holds until the next probe, as long as probes are not missing."""
    seen = [i for i, status in enumerate(statuses) if status]
    step = _usual_step(seen)
    filled = list(statuses)
    for i, following in pairwise([*seen, len(statuses)]):
        held = min(i + step, following) if following - i > 2 * step else following
        filled[i:held] = [statuses[i]] * (held - i)
    return filled


def nice_ceiling(value: float) -> float:
    """The next of 1, 2, 4, 6, 10 times a power of ten, so that half of it is round too; 1 for nothing."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 6, 10) if step * power >= value)


def number(value: float) -> str:
    """A figure with as many digits as help: 0.4, 7.1, 31, 1 250."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"


def _line(series: Series, top: float, buckets: int) -> Line:
    line, band, dots = [], [], []
    for run in _runs(series.values):
        points = [(_r((i + 0.5) * WIDTH / buckets), v) for i, v in run]
        if len(points) == 1:
            dots.append(f"M{points[0][0]:g} {_y(points[0][1].mean, top):g}h0")
            continue
        line.append("M" + "L".join(f"{x:g} {_y(v.mean, top):g}" for x, v in points))
        if any(v.low != v.high for _, v in points):
            upper = [f"{x:g} {_y(v.high, top):g}" for x, v in points]
            lower = [f"{x:g} {_y(v.low, top):g}" for x, v in reversed(points)]
            band.append("M" + "L".join(upper + lower) + "Z")
    return Line(series.name, series.tone, "".join(line), "".join(band), "".join(dots))


def _runs(values: Sequence[Value | None]) -> list[list[tuple[int, Value]]]:
    """Stretches with answers. One empty bucket is no gap: probes may be further apart than buckets are wide."""
    known = [(i, v) for i, v in enumerate(values) if v]
    reach = max(2, _usual_step([i for i, _ in known]) * 2)
    runs: list[list[tuple[int, Value]]] = []
    for i, value in known:
        if runs and i - runs[-1][-1][0] <= reach:
            runs[-1].append((i, value))
        else:
            runs.append([(i, value)])
    return runs


def _usual_step(places: list[int]) -> int:
    """The median distance between filled buckets; more than 1 when probes are rarer than buckets."""
    steps = sorted(b - a for a, b in pairwise(places))
    return steps[len(steps) // 2] if steps else 1


def _spots(series: Sequence[Series], unit: str, span: Range, first: int, link: str) -> tuple[Spot, ...]:
    spots, step = [], WIDTH / span.buckets
    for i in range(span.buckets):
        values = [_format(s, value, unit, len(series) > 1) for s in series if (value := s.values[i])]
        if values:
            title = f"{_when(first + i, span)}: {', '.join(values)}"
            href = f"{link}{(first + i) * span.width}" if link else ""
            spots.append(Spot(_r(i * step), _r(step), title, href=href))
    return tuple(spots)


def _format(series: Series, value: Value, unit: str, named: bool) -> str:
    text = f"{number(value.mean)} {unit}".strip()
    if value.low != value.high:
        text += f" ({number(value.low)} to {number(value.high)})"
    return f"{series.name} {text}" if named else text


def _summary(series: Series, unit: str, named: bool) -> str:
    known = [v for v in series.values if v]
    head = f"{series.name}: " if named else ""
    if not known:
        return f"{head}no figures in this time"
    mean = sum(v.mean for v in known) / len(known)
    high = max(v.high for v in known)
    return f"{head}mean {number(mean)} {unit}".strip() + f", highest {number(high)} {unit}".rstrip()


def _when(bucket: int, span: Range) -> str:
    at = datetime.fromtimestamp(bucket * span.width, UTC)
    if span.seconds > 7 * 86400:
        return f"{at.day} {at:%b %H:%M} UTC"
    return at.strftime("%H:%M UTC" if span.seconds <= 86400 else "%a %H:%M UTC")


def _y(value: float, top: float) -> float:
    return _r(HEIGHT - min(value, top) / top * HEIGHT)


def _r(value: float) -> float:
    return round(value, 1)
