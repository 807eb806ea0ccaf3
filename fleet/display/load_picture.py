"""The fleet in one picture: how loaded each endpoint is against how many of its requests came in time, as SVG. Pure.

Nothing is invented: what has no figure for the height is drawn in a strip of its own below, and what has none for how
loaded it is in one on the left. Geometry is in attributes, colour in classes, for the CSP.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString

WIDTH = 900
LEFT, RIGHT = 150, 850
"""Where the plot begins and ends. Left of it are those of which it is not known how loaded they are."""

UNKNOWN_AT = 96
TOP, PLOT, STRIP = 34, 310, 110
"""Where 100 % is, and heights."""

MOST = 150
"""Per cent of its line at the right edge; what has more stands at the edge."""

USUAL = 95
"""Per cent in time: the share that most teams promise."""

NAMED = 8
"""Points that are named at most."""


@dataclass(frozen=True, slots=True)
class Point:
    """One endpoint."""

    name: str
    href: str
    words: str  # of its verdict: "saturated: KV cache"
    state: str  # a class: "saturated"
    loaded: float | None  # per cent: of its line, or of the probes of office hours that found it at work
    of_line: bool
    in_time: float | None  # per cent of its requests

    @property
    def title(self) -> str:
        """All its figures in words."""
        of = "of its load line" if self.of_line else "of the probes found it at work"
        loaded = "how loaded is not known" if self.loaded is None else f"{self.loaded:.0f} % {of}"
        in_time = "no service target measured" if self.in_time is None else f"{self.in_time:.1f} % in time"
        return f"{self.name}: {self.words}; {loaded}; {in_time}"


def picture(points: Sequence[Point], named: Sequence[Point]) -> SafeString:
    """The SVG, the first of the points on top; `named` are those that get a label, the most important first.

    Empty without any point.
    """
    high = [point for point in points if point.in_time is not None]
    flat = [point for point in points if point.in_time is None and point.loaded is not None]
    if not high and not flat:
        return SafeString("")
    floor = min(80.0, *(10 * (int(point.in_time or 0) // 10) for point in high)) if high else 0.0
    plot = PLOT if high else 0
    places = {point: (_x(point.loaded), _y(point.in_time or 0, floor)) for point in high}
    places |= _stacked(flat, plot + STRIP + (50 if high else 20))
    height = plot + (STRIP + 50 if flat and high else STRIP + 20 if flat else 20) + 26
    drawn = [_axes(floor, plot, bool(flat), height)]
    drawn += [_dot(point, *places[point]) for point in reversed(points) if point in places]
    drawn += _labels([point for point in named if point in places], places)
    label = (
        f"{len(high)} endpoints by how loaded they are and how many requests came in time, {len(flat)} by load alone"
    )
    return SafeString(
        f'<svg class="load-picture" viewBox="0 0 {WIDTH} {height}" role="group" aria-label="{label}">'
        f"{''.join(drawn)}</svg>"
    )


def _x(loaded: float | None) -> float:
    return UNKNOWN_AT if loaded is None else round(LEFT + min(loaded, MOST) / MOST * (RIGHT - LEFT), 1)


def _y(in_time: float, floor: float) -> float:
    return round(TOP + (100 - in_time) / (100 - floor) * (PLOT - TOP), 1)


def _stacked(points: Sequence[Point], base: float) -> dict[Point, tuple[float, float]]:
    """Those without a height, heaped up where they fall together so that each can be seen."""
    heaps: dict[int, list[Point]] = defaultdict(list)
    for point in points:
        heaps[int(_x(point.loaded) // 9)].append(point)
    step = min(9.0, (STRIP - 20) / max(map(len, heaps.values()), default=1))
    return {
        point: (_x(point.loaded), round(base - 8 - n * step, 1))
        for heap in heaps.values()
        for n, point in enumerate(heap)
    }


def _axes(floor: float, plot: int, strip: bool, height: int) -> str:
    drawn = []
    line = _x(100)
    if plot:
        levels = sorted({floor, (100 + floor) / 2, float(USUAL), 100.0})
        drawn += [_text(58, _y(level, floor) + 4, f"{level:g} %", "end") for level in levels]
        drawn += [f'<path class="grid" d="M{LEFT} {_y(level, floor)}H{RIGHT}"/>' for level in levels if level != USUAL]
        drawn.append(f'<path class="usual" d="M{LEFT} {_y(USUAL, floor)}H{RIGHT}"/>')
        drawn.append(f'<path class="own-line" d="M{line} 6V{plot}"/>')
        drawn.append(_text(line + 6, 14, "its line"))
        drawn.append(_text(58, 14, "in time", "end"))
    if strip:
        drawn.append(_text(4, height - 32 - STRIP / 2, "no target"))
        drawn.append(f'<path class="grid" d="M{LEFT} {height - 26}H{RIGHT}"/>')
        drawn.append(f'<path class="own-line" d="M{line} {height - 26 - STRIP + 16}V{height - 26}"/>')
    base = height - 8
    drawn += [_text(_x(n), base, f"{n} %", "middle") for n in (0, 50, 100)]
    drawn += [_text(_x(MOST), base, f"{MOST} % or more", "middle"), _text(UNKNOWN_AT, base, "not known", "middle")]
    return "".join(drawn)


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(words)}</text>'


def _dot(point: Point, x: float, y: float) -> str:
    kind = "dot-line" if point.of_line else "dot-work"
    title = escape(point.title)
    return (
        f'<a href="{escape(point.href)}" aria-label="{title}" tabindex="-1">'
        f'<circle class="{kind} v-{point.state}" cx="{x:g}" cy="{y:g}" r="5"><title>{title}</title></circle></a>'
    )


def _labels(points: Sequence[Point], places: dict[Point, tuple[float, float]]) -> list[str]:
    """Names beside the points, where no other name is."""
    taken: list[tuple[float, float, float]] = []
    drawn: list[str] = []
    for point in points:
        x, y = places[point]
        words = f"{point.name[:24]}: {point.words}"
        width = 6.6 * len(words)
        right = x + 10 + width < WIDTH
        begins = x + 10 if right else x - 10 - width
        if len(drawn) == NAMED or any(
            abs(y - at) < 15 and begins < end and start < begins + width for start, end, at in taken
        ):
            continue
        taken.append((begins, begins + width, y))
        drawn.append(_text(x + (10 if right else -10), y + 4, words, "start" if right else "end"))
    return drawn
