"""The last day and the last hour of one endpoint, small enough to live in its state row.

Pure. Each probe adds itself, so the board never reads the history:

    {"times": {"<cell>": {"<status>": seconds, ...}, ...},   50 cells of half an hour
     "last": [unix seconds of the last probe, its interval],
     "hour": {"<minute>": [probes, sum of latency in ms, busy probes, probes that could detect busy], ...}}

Cells and minutes are counted from the epoch, so nothing has to be moved as time passes.
"""

from typing import Any

from ..verdict.status import Status
from .availability import PERIODS, share_available
from .totals import stands_for

CELL = 30 * 60  # seconds; whole hours are made of cells, since the period of the figure begins with one
CELLS = 48
_KEPT = CELLS + 2
_DAY = PERIODS[0]
_WORST_FIRST = tuple(status.value for status in Status)  # walking an enumeration takes ten times as long


def add(
    strip: dict[str, Any], at: float, status: str, latency_ms: float | None, busy: bool | None, interval: int
) -> dict[str, Any]:
    """The strip with one more probe at `at` (unix seconds), without what is older than a day or an hour.

    The status of a probe that does not count for availability is unknown; `interval` is in seconds.
    """
    cell, minute = int(at // CELL), int(at // 60)
    times = {k: v for k, v in _times(strip).items() if int(k) > cell - _KEPT}
    hour = {k: v for k, v in strip.get("hour", {}).items() if int(k) > minute - 60}
    last, before = strip.get("last", (None, 0))
    seconds = stands_for(None if last is None else max(0.0, at - last), max(interval, before))
    here = dict(times.get(str(cell), {}))
    here[status] = round(here.get(status, 0) + seconds, 3)
    times[str(cell)] = here
    probes, total, busy_probes, known = hour.get(str(minute), (0, 0.0, 0, 0))
    if latency_ms is not None:
        probes, total = probes + 1, round(total + latency_ms, 1)
    hour[str(minute)] = [probes, total, busy_probes + bool(busy), known + (busy is not None)]
    return {"times": times, "last": [at, interval], "hour": hour}


def day_cells(strip: dict[str, Any], now: float) -> list[str | None]:
    """The worst status of each of the last 48 cells, oldest first; None where nothing was probed."""
    last, times = int(now // CELL), _times(strip)
    return [_worst(times.get(str(cell), {})) for cell in range(last - CELLS + 1, last + 1)]


def availability(strip: dict[str, Any], now: float) -> float | None:
    """The share (0..1) of the last day, as fleet.history.availability has it for the period "24 h"."""
    return share_available(*counted(strip, now))


def counted(strip: dict[str, Any], now: float) -> tuple[float, float]:
    """The seconds of the last day that count, and of these the ones in which it was down."""
    first = _DAY.start(now) // CELL
    known = down = 0.0
    for cell, seconds in _times(strip).items():
        if int(cell) >= first:
            known += sum(seconds.values()) - seconds.get("unknown", 0)
            down += seconds.get("down", 0)
    return known, down


def latencies(strip: dict[str, Any], now: float) -> list[float | None]:
    """The mean latency in ms of each of the last 60 minutes, oldest first; None where there was no answer."""
    last = int(now // 60)
    hour = strip.get("hour", {})
    cells = (hour.get(str(minute)) for minute in range(last - 59, last + 1))
    return [cell[1] / cell[0] if cell and cell[0] else None for cell in cells]


def busy_share(strip: dict[str, Any], now: float) -> float | None:
    """The share (0..1) of the last hour's probes that found it at work; None when none could detect it."""
    first = int(now // 60) - 59
    cells = [cell for minute, cell in strip.get("hour", {}).items() if int(minute) >= first]
    known = sum(cell[3] for cell in cells)
    return sum(cell[2] for cell in cells) / known if known else None


def _times(strip: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Strips of older versions have only counts of probes, in "day" by 24 minutes: these share the time evenly."""
    if "times" in strip or "day" not in strip:
        return strip.get("times", {})
    times: dict[str, dict[str, float]] = {}
    for old, counts in strip["day"].items():
        here = times.setdefault(str(int(old) * 1440 // CELL), {})
        for status, probes in counts.items():
            here[status] = here.get(status, 0) + 1440 * probes / sum(counts.values())
    return times


def _worst(seconds: dict[str, float]) -> str | None:
    return next((status for status in _WORST_FIRST if status in seconds), None)
