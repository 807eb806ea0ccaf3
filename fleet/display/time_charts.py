"""Time-series charts as plain geometry: a template turns a Chart into SVG. Pure: no I/O, no Django.

The plot is stretched to the page's width, so all text is outside of it. A bucket is two units wide and coordinates are
whole and relative, which makes paths a third as long as absolute ones. static/js/charts.js reads a line's `values`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby, pairwise
from statistics import median_high

from .time_span import DAY, Span

STEP = 2
HEIGHT = 200


@dataclass(frozen=True, slots=True)
class Value:
    """What one bucket holds of one figure: the mean, and the extremes where several probes are in it.

    Without a mean it is only known to lie between the two; `high` is infinite where it has no upper bound.
    """

    mean: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart. `values` has one entry per bucket; None where there was no answer."""

    name: str
    values: Sequence[Value | None]
    tone: str = "main"  # CSS class suffix: main, second, other, other-second
    probed: Sequence[object] = ()  # for each bucket, true where a probe is in it, also one that read nothing


@dataclass(frozen=True, slots=True)
class Line:
    """A drawn series: paths of the line, of the area between low and high, and of lone points."""

    name: str
    tone: str
    line: str
    band: str
    dots: str
    values: str  # for each bucket "mean", "mean/low/high" or "/low/high"; "=" where it is that of the bucket before


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the plot's width with a status."""

    x: int
    width: int
    status: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket that leads somewhere."""

    title: str
    href: str


@dataclass(frozen=True, slots=True)
class Chart:
    """All a template needs to draw one chart."""

    title: str
    unit: str
    note: str
    y_ticks: tuple[str, ...]  # evenly spaced, highest first
    lines: tuple[Line, ...]
    summary: str
    width: int  # of the plot in its own units
    link: str = ""  # each bucket leads to it, with its first second (unix) at the end
    linked: tuple[Bucket, ...] = ()

    @property
    def empty(self) -> bool:
        """True when there is nothing to draw."""
        return not any(line.line or line.dots or line.band for line in self.lines)


def chart(
    title: str,
    unit: str,
    series: Sequence[Series],
    span: Span,
    top: float | None = None,
    note: str = "",
    link: str = "",
) -> Chart:
    """A chart of some series over `span`.

    `top` fixes the upper end of the axis (100 for a share in %); without it a round number is taken.
    """
    bounds = (bound for s in series for v in s.values if v for bound in (v.low, v.high))
    top = top or nice_ceiling(max(filter(math.isfinite, bounds), default=0.0))
    return Chart(
        title=title,
        unit=unit,
        note=note,
        y_ticks=(f"{number(top)} {unit}".strip(), number(top / 2), "0"),
        lines=tuple(_line(s, top) for s in series),
        summary="; ".join(_summary(s, unit, len(series) > 1) for s in series),
        width=STEP * span.buckets,
        link=link,
        linked=_linked(series, unit, span, link) if link else (),
    )


def status_band(statuses: Sequence[str | None]) -> tuple[Stretch, ...]:
    """The statuses of the buckets, equal neighbours joined; None (no probe) stays empty."""
    found, start = [], 0
    for status, group in groupby(_bridged(statuses)):
        count = len(list(group))
        if status:
            found.append(Stretch(STEP * start, STEP * count, status))
        start += count
    return tuple(found)


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
    if math.isinf(value):
        return "∞"
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"


def _line(series: Series, top: float) -> Line:
    line, band, dots = [], [], []
    for run in _runs(series):
        points = [(STEP * i + STEP // 2, _y(v.mean, top), v) for i, v in run if v.mean is not None]
        if len(points) == 1:
            dots.append(f"M{points[0][0]} {points[0][1]}h0")
        elif points:
            line.append(_path([(x, y) for x, y, _ in points]))
            if any(v.low != v.high for *_, v in points):
                upper = [(x, _y(v.high, top)) for x, _, v in points]
                band.append(_path(upper + [(x, _y(v.low, top)) for x, _, v in reversed(points)]) + "z")
    band += _boxes(series.values, top)
    return Line(series.name, series.tone, "".join(line), "".join(band), "".join(dots), _written(series.values))


def _path(points: Sequence[tuple[int, int]]) -> str:
    moves = (f"{b[0] - a[0]} {b[1] - a[1]}" for a, b in pairwise(points))
    return f"M{points[0][0]} {points[0][1]}l{' '.join(moves)}".replace(" -", "-")


def _boxes(values: Sequence[Value | None], top: float) -> list[str]:
    """Where a figure is only known to lie between two bounds: rectangles, equal neighbours joined."""
    boxes, start = [], 0
    for value, group in groupby(values):
        count = len(list(group))
        if value and value.mean is None:
            low, high = _y(value.low, top), min(_y(value.high, top), _y(value.low, top) - 2)
            boxes.append(f"M{STEP * start} {low}h{STEP * count}v{high - low}h{-STEP * count}z")
        start += count
    return boxes


def _written(values: Sequence[Value | None]) -> str:
    written = []
    for value in values:
        mean = "" if value is None or value.mean is None else _short(value.mean)
        spread = value is not None and (value.mean is None or value.low != value.high)
        written.append(f"{mean}/{_short(value.low)}/{_short(value.high)}" if value and spread else mean)
    repeated = ("=" if text and text == before else text for before, text in pairwise(["", *written]))
    return ",".join(repeated)


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _runs(series: Series) -> list[list[tuple[int, Value]]]:
    """Stretches with answers. Probes may be further apart than buckets are wide, and not each reads every figure: what
    is more than usual of either is a gap."""
    known = [(i, v) for i, v in enumerate(series.values) if v]
    between = [series.probed[a + 1 : b] for (a, _), (b, _) in pairwise(known)]
    read_nothing = [sum(map(bool, probes)) for probes in between]
    usual, reach = median_high(read_nothing or [0]), max(2, 2 * _usual_step([i for i, _ in known]))
    runs: list[list[tuple[int, Value]]] = []
    for (i, value), missed in zip(known, [0, *read_nothing], strict=False):
        if runs and i - runs[-1][-1][0] <= reach and missed <= usual:
            runs[-1].append((i, value))
        else:
            runs.append([(i, value)])
    return runs


def _usual_step(places: list[int]) -> int:
    """The usual distance between filled buckets; more than 1 when probes are rarer than buckets."""
    return median_high([b - a for a, b in pairwise(places)] or [1])


def _linked(series: Sequence[Series], unit: str, span: Span, link: str) -> tuple[Bucket, ...]:
    found = []
    for i in range(span.buckets):
        if values := [_format(s, value, unit, len(series) > 1) for s in series if (value := s.values[i])]:
            start = (span.first + i) * span.width
            found.append(Bucket(f"{_when(start, span)}: {', '.join(values)}", f"{link}{start}"))
    return tuple(found)


def _format(series: Series, value: Value, unit: str, named: bool) -> str:
    if value.mean is None:
        text = f"{number(value.low)} to {number(value.high)}"
    else:
        spread = "" if value.low == value.high else f" ({number(value.low)} to {number(value.high)})"
        text = f"{number(value.mean)} {unit}".strip() + spread
    return f"{series.name} {text}" if named else text


def _summary(series: Series, unit: str, named: bool) -> str:
    known = [v for v in series.values if v]
    head = f"{series.name}: " if named else ""
    if not known:
        return f"{head}no figures in this time"
    high = f"{number(max(v.high for v in known))} {unit}".strip()
    means = [v.mean for v in known if v.mean is not None]
    if not means:
        return f"{head}between {number(min(v.low for v in known))} and {high}"
    return f"{head}mean {number(sum(means) / len(means))} {unit}".strip() + f", highest {high}"


def _when(start: int, span: Span) -> str:
    at = datetime.fromtimestamp(start, UTC)
    seconds = span.end - span.start
    if seconds > 7 * DAY:
        return f"{at.day} {at:%b %H:%M} UTC"
    return at.strftime("%H:%M UTC" if seconds <= DAY else "%a %H:%M UTC")


def _y(value: float, top: float) -> int:
    return round(HEIGHT - min(value, top) / top * HEIGHT)
