"""An endpoint's history in at most 240 buckets, put together by the database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Avg, Case, FloatField, Func, IntegerField, Max, Min, Value, When

from ..charts_time import Chart, Range, Series, Spot, chart, status_band
from ..charts_time import Value as Point
from ..models import Observation

_RANK = ("unknown", "up", "asleep", "loading", "busy", "degraded", "down")
"""The worst status of a bucket speaks for it."""


class Bucket(Func):
    """The number of the bucket a time falls into: unix seconds / width, rounded down."""

    output_field = IntegerField()

    def __init__(self, expression: str, width: int) -> None:
        super().__init__(expression, width=int(width))

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # Stored as text in UTC; strftime is the fastest way to seconds that every SQLite has; the per cents are
        # undoubled twice.
        return self.as_sql(compiler, connection, template="strftime('%%%%s', %(expressions)s) / %(width)s", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "FLOOR(EXTRACT(EPOCH FROM %(expressions)s) / %(width)s)::bigint"
        return self.as_sql(compiler, connection, template=template, **context)


@dataclass(frozen=True, slots=True)
class History:
    """The charts of one endpoint over one range."""

    span: Range
    charts: tuple[Chart, ...]
    band: tuple[Spot, ...]


def history(endpoint_id: int, span: Range, now: float) -> History:
    """Latency, load and status of the last `span` up to `now` (unix seconds)."""
    last = int(now // span.width)
    first = last - span.buckets + 1
    rows = {row["bucket"] - first: row for row in _buckets(endpoint_id, span, first)}
    cells = [rows.get(i) for i in range(span.buckets)]
    statuses = [_RANK[cell["worst"]] if cell else None for cell in cells]
    return History(span, tuple(_charts(cells, span, first)), status_band(statuses, span, first))


def _buckets(endpoint_id: int, span: Range, first: int) -> Iterable[Any]:
    start = datetime.fromtimestamp(first * span.width, UTC)
    ranks = [When(status=status, then=Value(rank)) for rank, status in enumerate(_RANK)]
    at_work = Case(When(busy=True, then=Value(100.0)), When(busy=False, then=Value(0.0)), output_field=FloatField())
    # Each aggregate costs about as much as reading the rows does,
    # so the load goes without its lowest value.
    spread: dict[str, Any] = {
        f"{field}_mean": Avg(field) for field in ("latency_ms", "running", "waiting", "kv_cache_usage")
    }
    spread |= {f"{field}_high": Max(field) for field in ("latency_ms", "running", "waiting")}
    return (
        Observation.objects.filter(endpoint_id=endpoint_id, at__gte=start)
        .order_by()
        .annotate(bucket=Bucket("at", span.width))
        .values("bucket")
        .annotate(
            worst=Max(Case(*ranks, default=Value(0), output_field=IntegerField())),
            busy_mean=Avg(at_work),
            latency_ms_low=Min("latency_ms"),
            **spread,
        )
    )


def _charts(cells: Sequence[dict[str, Any] | None], span: Range, first: int) -> list[Chart]:
    """Latency always; of the load only what this engine tells."""

    def values(field: str, times: float = 1.0) -> list[Point | None]:
        return [_point(cell, field, times) for cell in cells]

    charts = [chart("Latency", "ms", [Series("latency", values("latency_ms"))], span, first)]
    running, waiting = values("running"), values("waiting")
    if any(running) or any(waiting):
        series = [Series("running", running), Series("waiting", waiting, "second")]
        charts.append(chart("Requests", "", series, span, first))
    else:
        busy = values("busy")
        charts.append(chart("At work", "%", [Series("at work", busy)], span, first, top=100))
    usage = values("kv_cache_usage", 100)
    if any(usage):
        charts.append(chart("KV cache in use", "%", [Series("in use", usage)], span, first, top=100))
    return charts


def _point(cell: dict[str, Any] | None, field: str, times: float) -> Point | None:
    if cell is None or cell[f"{field}_mean"] is None:
        return None
    mean = cell[f"{field}_mean"]
    low, high = cell.get(f"{field}_low", mean), cell.get(f"{field}_high", mean)
    return Point(mean * times, low * times, high * times)
