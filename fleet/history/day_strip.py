"""The last day and the last hour of one endpoint, small enough to live in its state row.

Pure. Each probe adds itself, so the board never reads the history:

    {"day":  {"<cell>": {"<status>": probes, ...}, ...},   60 cells of 24 minutes
     "hour": {"<minute>": [probes, sum of latency in ms, busy probes, probes that could detect busy], ...}}

Cells and minutes are counted from the epoch, so nothing has to be moved as time passes.
"""

from typing import Any

from ..verdict.status import Status

CELL = 24 * 60  # seconds
CELLS = 60


def add(strip: dict[str, Any], at: float, status: str, latency_ms: float | None, busy: bool | None) -> dict[str, Any]:
    """The strip with one more probe at `at` (unix seconds), without what is older than a day or an hour.

    The status of a probe that does not count for availability is unknown.
    """
    cell, minute = int(at // CELL), int(at // 60)
    day = {k: v for k, v in strip.get("day", {}).items() if int(k) > cell - CELLS}
    hour = {k: v for k, v in strip.get("hour", {}).items() if int(k) > minute - 60}
    counts = dict(day.get(str(cell), {}))
    counts[status] = counts.get(status, 0) + 1
    day[str(cell)] = counts
    probes, total, busy_probes, known = hour.get(str(minute), (0, 0.0, 0, 0))
    if latency_ms is not None:
        probes, total = probes + 1, round(total + latency_ms, 1)
    hour[str(minute)] = [probes, total, busy_probes + bool(busy), known + (busy is not None)]
    return {"day": day, "hour": hour}


def day_cells(strip: dict[str, Any], now: float) -> list[str | None]:
    """The worst status of each of the last 60 cells, oldest first; None where nothing was probed."""
    last = int(now // CELL)
    day = strip.get("day", {})
    return [_worst(day.get(str(cell), {})) for cell in range(last - CELLS + 1, last + 1)]


def availability(strip: dict[str, Any], now: float) -> float | None:
    """The share (0..1) of the last day's probes that did not find the endpoint down; unknown ones are left out."""
    first = int(now // CELL) - CELLS + 1
    total = down = 0
    for cell, counts in strip.get("day", {}).items():
        if int(cell) >= first:
            total += sum(n for status, n in counts.items() if status != "unknown")
            down += counts.get("down", 0)
    return (total - down) / total if total else None


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


def _worst(counts: dict[str, int]) -> str | None:
    return next((status.value for status in Status if counts.get(status)), None)
