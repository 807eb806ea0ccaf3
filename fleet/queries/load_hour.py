"""One hour's counts as a table: what was collected, in words, for each model. Buckets are printed as ranges."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from ..evidence import counts
from ..evidence.window import Row, bins

_WORDS = {
    "probes": "probes that count",
    "excluded": "probes left out: maintenance, or the monitor was blind",
    "gauges": "probes that had the number of requests under way",
    "at_work": "… with at least one under way",
    "waiting": "… with at least one waiting for capacity",
    "kv_full": "… of these, with 95 % or more of the KV cache in use",
    "quarters": "quarters of an hour with enough probes",
    "saturated": "… with 5 or more waiting in 80 % of the probes",
    "running_max": "most requests under way",
    "queued_max": "most requests waiting",
    "slots": "requests at once, as the engine says",
    "used": "probes that saw expires_at moved forward",
    "reloads": "loads of a model that was in memory",
    "flips": "… with another context or size",
    "swaps": "loads of a model that had left the memory before its time",
    "cold_loads": "loads of a model that was not in memory",
    "spilled": "probes that found a part of it outside the GPU's memory",
    "canaries": "canaries sent",
    "waited": "… that waited for a slot",
    "scheduler": "… that waited for another model's load",
    "slowed": "… whose prompt took three times its idle time",
    "caused_load": "… that made Ollama load the model again",
    "refused": "… answered 503",
    "unused": "canaries not sent: nobody had used the model",
    "requests": "requests finished",
    "aborted": "requests aborted",
    "preempted": "requests preempted",
    "rejected": "requests rejected",
    "prompt_tokens": "prompt tokens",
    "generation_tokens": "tokens generated",
    "cached_tokens": "prompt tokens found in the prefix cache",
    "queried_tokens": "prompt tokens looked up in the prefix cache",
    "teams": "teams calling, by a gateway",
}
_BINS = {
    "running": ("probes by requests under way", "", 1),
    "queued": ("probes by requests waiting", "", 1),
    "kv": ("probes by KV cache in use", " %", 1),
    "wait": ("canaries by their wait for a slot", " s", 1000),
    "prompt": ("canaries by the time of their prompt", " s", 1000),
}
_HISTOGRAMS = {
    "ttft": "requests by time to first token",
    "itl": "tokens by the time since the one before",
    "queue": "requests by time in the queue",
    "e2e": "requests by time until the last token",
}


@dataclass(frozen=True, slots=True)
class HourTable:
    """The counts of one hour: a column for each model, "" being the whole server."""

    start: datetime
    models: list[str]
    lines: list[tuple[str, list[str]]]  # what it is -> the cells, empty where nothing was counted


def hour_table(rows: Iterable[Row], start: int) -> HourTable:
    """The hour that begins at `start` (unix seconds); without lines where nothing is stored of it."""
    found = sorted((row for row in rows if row.start == start), key=lambda row: row.model)
    lines: list[tuple[str, list[str]]] = []
    for name, words in _WORDS.items():
        lines.append((words, [f"{row.counts[name]:,}" if row.counts.get(name) else "" for row in found]))
    for name, (words, unit, divisor) in _BINS.items():
        lines.append((words, [_ranges(bins(row.counts, name), unit, divisor) for row in found]))
    for name, words in _HISTOGRAMS.items():
        lines.append((words, [_ranges(_buckets(row, name), " s", 1) for row in found]))
    return HourTable(
        datetime.fromtimestamp(start, UTC), [row.model for row in found], [line for line in lines if any(line[1])]
    )


def _buckets(row: Row, name: str) -> list[tuple[str, int]]:
    return list(zip(row.edges.get(name, ()), counts.distribution(row.counts, name), strict=False))


def _ranges(buckets: list[tuple[str, int]], unit: str, divisor: int) -> str:
    """ "0 to 0.5 s: 12; 0.5 to 1 s: 3": how many values lie in each that has any."""
    parts, low = [], "0"
    for edge, number in buckets:
        high = edge if edge == "+Inf" else f"{float(edge) / divisor:g}"
        if number:
            least = low if unit or high == "0" else str(int(low) + 1)  # whole numbers: above 4 is from 5 on
            between = f"{least} or more" if high == "+Inf" else high if high == least else f"{least} to {high}"
            parts.append(f"{between}{unit}: {number:,}")
        low = high
    return "; ".join(parts)
