"""An endpoint's history in some 240 buckets: a day from raw observations, put together by the database; more than
that from hours, and from what is not rolled up to hours yet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db.models import Avg, Case, FloatField, IntegerField, Max, Min, Q, Value, When

from ..display.time_charts import Chart, Range, Series, Spot, chart, status_band
from ..display.time_charts import Value as Point
from ..history.spans import Bucket, at
from ..history.totals import RANK, Part, Total, add_up
from ..models import Observation
from . import past


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
    rows = _rolled(endpoint_id, span, first, now) if span.rollup else _buckets(endpoint_id, span, first)
    by_bucket = {row["bucket"] - first: row for row in rows}
    cells = [by_bucket.get(i) for i in range(span.buckets)]
    statuses = [RANK[cell["worst"]] if cell else None for cell in cells]
    return History(span, tuple(_charts(cells, span, first)), status_band(statuses, span, first))


def _buckets(endpoint_id: int, span: Range, first: int) -> Iterable[Any]:
    left_out = When(~Q(excluded=""), then=Value(0))  # says nothing about the endpoint, so unknown
    ranks = [left_out, *(When(status=status, then=Value(rank)) for rank, status in enumerate(RANK))]
    at_work = Case(When(busy=True, then=Value(100.0)), When(busy=False, then=Value(0.0)), output_field=FloatField())
    # Each aggregate costs about as much as reading the rows does,
    # so the load goes without its lowest value.
    spread: dict[str, Any] = {
        f"{field}_mean": Avg(field) for field in ("latency_ms", "running", "waiting", "kv_cache_usage")
    }
    spread |= {f"{field}_high": Max(field) for field in ("latency_ms", "running", "waiting")}
    return (
        Observation.objects.filter(endpoint_id=endpoint_id, at__gte=at(first * span.width))
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


def _rolled(endpoint_id: int, span: Range, first: int, now: float) -> Iterable[dict[str, Any]]:
    """The same as `_buckets`, from rollups."""

    def number(part: Part) -> int:
        return part.start // span.width

    found = sorted(past.parts({endpoint_id: at(first * span.width)}, at(now), span.rollup), key=number)
    return (_cell(bucket, add_up(part.total for part in group)) for bucket, group in groupby(found, key=number))


def _cell(bucket: int, total: Total) -> dict[str, Any]:
    cell: dict[str, Any] = {"bucket": bucket, "worst": RANK.index(total.worst), "latency_ms_mean": None}
    cell |= dict.fromkeys(("running_mean", "waiting_mean", "kv_cache_usage_mean", "busy_mean"))
    for figure, (how_many, added, low, high) in total.sums.items():
        cell |= {f"{figure}_mean": added / how_many, f"{figure}_low": low, f"{figure}_high": high}
    if total.sums.get("busy"):
        mean = 100 * cell["busy_mean"]
        cell |= {"busy_mean": mean, "busy_low": mean, "busy_high": mean}
    return cell


def _charts(cells: Sequence[dict[str, Any] | None], span: Range, first: int) -> list[Chart]:
    """Latency always; of the load only what this engine reports."""

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
