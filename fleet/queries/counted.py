"""What an engine counts itself, for charts: of each hour, and of each day where hours are no longer kept."""

import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate

from ..display.time_charts import Value
from ..display.time_span import DAY, Span
from ..engines.reading import BEHIND
from ..evidence import counts
from ..evidence.window import Row
from ..load import hours

Values = list[Value | None]

MEDIAN, MOST = 0.5, 0.95
"""The shares of the requests that a chart of times has."""


def counted(endpoint_id: int, span: Span) -> dict[str, Values]:
    """Tokens per second ("tokens"), and in seconds the median and 95 % of the time to first token ("ttft", "ttft_most")
    and in the queue ("queue", "queue_most"); one value per bucket.

    Of times it is only known between which edges of the engine's histogram they lie.
    """
    rows_of: dict[int, tuple[Row, ...]] = defaultdict(tuple)
    for row in hours.rows([endpoint_id], span.start - DAY, until=span.end).get(endpoint_id, []):
        if row.model.startswith(BEHIND):
            continue
        first = max(0, (row.start - span.start) // span.width)
        for bucket in range(first, min(span.buckets, -(-(row.start + row.seconds - span.start) // span.width))):
            rows_of[bucket] += (row,)
    found: dict[str, Values] = {}
    known: dict[tuple[int, ...], dict[str, Value | None]] = {}  # buckets of one hour share its values
    for bucket, rows in rows_of.items():
        key = tuple(map(id, rows))
        if key not in known:
            known[key] = _values(rows)
        for name, value in known[key].items():
            found.setdefault(name, [None] * span.buckets)[bucket] = value
    return {name: values for name, values in found.items() if any(values)}


def _values(rows: Sequence[Row]) -> dict[str, Value | None]:
    values = {"tokens": _tokens(rows)}
    for name in ("ttft", "queue"):
        edges, numbers = _histogram(rows, name)
        values |= {name: _between(edges, numbers, MEDIAN), f"{name}_most": _between(edges, numbers, MOST)}
    return values


def _tokens(rows: Sequence[Row]) -> Value | None:
    seconds: dict[int, int] = defaultdict(int)  # models of one server are read at once
    for row in rows:
        seconds[row.start] = max(seconds[row.start], row.counts.get("seconds", 0))
    if not (measured := sum(seconds.values())):
        return None
    rate = sum(row.counts.get("generation_tokens", 0) for row in rows) / measured
    return Value(rate, rate, rate)


def _histogram(rows: Sequence[Row], name: str) -> tuple[tuple[str, ...], list[int]]:
    """Added up over hours and models; where their buckets differ, those of the most requests."""
    by_edges: dict[tuple[str, ...], list[int]] = {}
    for row in rows:
        if edges := row.edges.get(name):
            numbers = counts.distribution(row.counts, name, len(edges))
            before = by_edges.get(edges)
            by_edges[edges] = [a + b for a, b in zip(before, numbers, strict=True)] if before else numbers
    return max(by_edges.items(), key=lambda each: sum(each[1]), default=((), []))


def _between(edges: Sequence[str], numbers: Sequence[int], share: float) -> Value | None:
    """Between which edges the value lies that this share of all values does not exceed."""
    total = sum(numbers)
    if not total:
        return None
    bucket = next(n for n, up_to in enumerate(accumulate(numbers)) if up_to >= math.ceil(share * total))
    return Value(None, float(edges[bucket - 1]) if bucket else 0.0, float(edges[bucket].replace("+Inf", "inf")))
