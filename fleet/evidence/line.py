"""The load line as traffic shows it: the most callers at once for which the service target was met. Never guessed."""

from collections.abc import Iterable
from dataclasses import dataclass

from . import counts
from . import target as targets
from .target import Target
from .window import Row, Stretch, bins, percentile

ENOUGH = 3
"""Hours above the line in which the target was missed, and as many up to it in which it was met, at least."""


@dataclass(frozen=True, slots=True)
class Line:
    """A learned load line, with the hours that it rests on."""

    callers: int
    met: int  # hours with as many callers or fewer, in which the target was met
    missed: int  # hours with more, in which it was missed
    exceptions: int  # hours that say otherwise


def learned(rows: Iterable[Row], target: Target) -> Line | None:
    """The number of callers that parts the hours in which the target was met from those in which it was missed best.

    None where no target is set, the engine does not count its callers, or there were not enough bad hours.
    An hour's callers are the 95th percentile of those under way and of those waiting, by the bin's upper edge.
    """
    if not target.any:
        return None
    hours: list[tuple[int, bool]] = []
    by_start: dict[int, list[Row]] = {}
    for row in rows:
        by_start.setdefault(row.start, []).append(row)
    for some in by_start.values():
        total = counts.merged(row.counts for row in some) if len(some) > 1 else some[0].counts
        ends = [percentile(bins(total, name), 0.95) for name in ("running", "queued")]
        if None in ends or any(end and end[1] == "+Inf" for end in ends):
            continue
        parts = targets.met(Stretch(tuple(some), total, {}), target, canaries=False)
        if not parts:
            continue
        met = all(part.least >= target.share for part in parts)
        missed = any(part.most < target.share for part in parts)
        if met or missed:
            hours.append((sum(int(end[1]) for end in ends if end), met))
    best: Line | None = None
    for callers in sorted({number for number, met in hours if met}):
        below = [met for number, met in hours if number <= callers]
        above = [met for number, met in hours if number > callers]
        line = Line(callers, sum(below), above.count(False), below.count(False) + sum(above))
        if line.met >= ENOUGH and line.missed >= ENOUGH and (best is None or line.exceptions <= best.exceptions):
            best = line
    return best
