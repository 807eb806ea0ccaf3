"""The board's small charts as SVG text. Geometry is in attributes, colour in classes, for the CSP."""

from collections.abc import Sequence
from itertools import groupby

from django.utils.safestring import SafeString

SPARK_WIDTH, SPARK_HEIGHT = 120, 20
CELL_WIDTH = 2
BAR_WIDTH = 100
LINE_AT = 80
"""Where the mark of the line sits on a load bar, so that there is room to be over it."""


def sparkline(values: Sequence[float | None], label: str) -> SafeString:
    """A line through the values from their lowest to their highest; a gap where a value is None."""
    known = [value for value in values if value is not None]
    if not known:
        return SafeString("")
    low, high = min(known), max(known)
    # A steady line stays flat: what moves by less than its own size does not fill the height.
    reach = max(high - low, 0.8 * high) or 1
    step = SPARK_WIDTH / max(1, len(values) - 1)
    base, scale = SPARK_HEIGHT - 2, (SPARK_HEIGHT - 4) / reach
    points = [
        None if value is None else f"{i * step:.0f} {base - (value - low) * scale:.1f}"
        for i, value in enumerate(values)
    ]
    path = "".join(_stroke([p for p in run if p]) for known_run, run in groupby(points, bool) if known_run)
    return SafeString(
        f'<svg class="spark" viewBox="0 0 {SPARK_WIDTH} {SPARK_HEIGHT}" preserveAspectRatio="none" role="img"'
        f' aria-label="{label}"><path d="{path}"/></svg>'
    )


def _stroke(points: list[str]) -> str:
    """A run of points as path data; a lone point becomes a dot (a line of no length with round ends)."""
    return f"M{points[0]}" + (f"L{' '.join(points[1:])}" if len(points) > 1 else "h0")


def strip(cells: Sequence[str | None], label: str) -> SafeString:
    """One bar per cell in its status's colour. Cells of one status share a path; its dashes make the bars."""
    paths: dict[str, str] = {}
    position = 0
    for status, run in groupby(cells):
        length = sum(CELL_WIDTH for _ in run)
        name = status or "none"
        paths[name] = paths.get(name, "") + f"M{position} 5h{length}"
        position += length
    drawn = "".join(f'<path class="c-{name}" d="{path}"/>' for name, path in paths.items())
    return SafeString(
        f'<svg class="strip" viewBox="0 0 {position} 10" preserveAspectRatio="none" role="img"'
        f' aria-label="{label}">{drawn}</svg>'
    )


def load_bar(share: float | None, label: str, *, line: bool = True) -> SafeString:
    """How full the hull is: `share` of the line (1 is at it), or of the whole bar where no line is known."""
    filled = min(BAR_WIDTH, (share or 0) * (LINE_AT if line else BAR_WIDTH))
    kind = "load over" if line and share is not None and share > 1 else "load"
    mark = f'<g class="mark"><path d="M{LINE_AT} 0v14"/><circle cx="{LINE_AT}" cy="7" r="3"/></g>'
    return SafeString(
        f'<svg class="{kind}" viewBox="0 0 {BAR_WIDTH} 14" role="img" aria-label="{label}">'
        f'<rect class="track" y="3.5" width="{BAR_WIDTH}" height="7" rx="3.5"/>'
        f'<rect class="fill" y="3.5" width="{filled:.0f}" height="7" rx="3.5"/>{mark if line else ""}</svg>'
    )
