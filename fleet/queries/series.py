"""An endpoint's history in some 240 buckets: a day from raw observations, put together by the database; more than
that from hours, and from what is not rolled up to hours yet. What engines count themselves is in `counted`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Avg, Case, FloatField, IntegerField, Max, Min, Q, Value, When

from ..display.time_charts import Chart, Series, Stretch, chart, status_band
from ..display.time_charts import Value as Point
from ..display.time_span import HOUR, Span
from ..engines.registry import COUNTED, title
from ..history.spans import Bucket, at
from ..history.totals import RANK
from ..models import Endpoint, Observation, Rollup
from . import past
from .chart_marks import Band, bands
from .counted import Values, counted

_FIGURES = ("latency_ms", "running", "waiting", "busy", "kv_cache_usage")
_KEYS = {name: [f"{name}_{part}" for part in ("many", "sum", "low", "high")] for name in _FIGURES}
_RANKS = {status: rank for rank, status in enumerate(RANK)}


@dataclass(frozen=True, slots=True)
class Plot:
    """One chart: its title, the figures that are its lines with their names, and what stands beside."""

    title: str
    unit: str
    lines: Mapping[str, str]
    top: float | None = None
    note: str = ""


_TIMES = "each hour's median and 95 %, between edges of the engine's buckets"

PLOTS = (
    Plot("Latency", "ms", {"latency_ms": "latency"}, note="of the first request of each probe"),
    Plot("Requests", "", {"running": "running", "waiting": "waiting"}),
    Plot("At work", "%", {"busy": "at work"}, 100),
    Plot("KV cache in use", "%", {"kv_cache_usage": "in use"}, 100),
    Plot("Tokens generated", "per s", {"tokens": "tokens"}),
    Plot("Time to first token", "s", {"ttft": "median", "ttft_most": "95 %"}, note=_TIMES),
    Plot("Time in the queue", "s", {"queue": "median", "queue_most": "95 %"}, note=_TIMES),
)
"""In the order in which they are shown."""

_COUNTED = {"generation_tokens": "tokens per second", "ttft": "time to first token", "queue": "time in the queue"}
"""What only some engines count: the name in fleet.evidence.counts -> in words."""


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of one endpoint over a span, one entry per bucket."""

    statuses: list[str | None]
    figures: dict[str, Values]  # those with any value


@dataclass(frozen=True, slots=True)
class History:
    """The charts of one endpoint over one span."""

    span: Span
    charts: tuple[Chart, ...]
    band: tuple[Stretch, ...]
    compared: dict[str, tuple[Stretch, ...]]  # where two are compared: the name of each -> its statuses
    bands: list[Band]
    missing: list[str]  # sentences on what is not shown


def history(endpoint: Endpoint, span: Span, now: float, other: Endpoint | None = None) -> History:
    """Latency, load, times and status in `span`; `now` in unix seconds.

    The figures of `other` are drawn beside those of `endpoint`. Both with their state.
    """
    each = {endpoint.name: past_of(endpoint, span, now)}
    if other:
        each[f"{other.name} " if other.name == endpoint.name else other.name] = past_of(other, span, now)
    known = {name for found in each.values() for name in found.figures}
    if all(found.figures.keys() & {"running", "waiting"} for found in each.values()):
        known -= {"busy"}  # it says less
    charts = tuple(_chart(plot, each, span) for plot in PLOTS if known & plot.lines.keys() or plot is PLOTS[0])
    own = each[endpoint.name]
    if other is None:
        missing = _missing(endpoint.state.engine or endpoint.engine, endpoint, own)
        return History(span, charts, status_band(own.statuses), {}, bands(endpoint, span), missing)
    compared = {name: status_band(found.statuses) for name, found in each.items()}
    happened = [
        replace(band, words=f"{name}: {band.words}")
        for name, whose in zip(each, (endpoint, other), strict=True)
        for band in bands(whose, span)
    ]
    return History(span, charts, status_band(own.statuses), compared, happened, [])


def past_of(endpoint: Endpoint, span: Span, now: float) -> Past:
    """The figures and statuses of one endpoint in each bucket."""
    rolled = span.width >= HOUR
    rows = _rolled(endpoint.pk, span, now) if rolled else _buckets(endpoint.pk, span)
    by_bucket = {row["bucket"] - span.first: row for row in rows}
    cells = [by_bucket.get(i) for i in range(span.buckets)]
    times = {"kv_cache_usage": 100, "busy": 100}
    figures = {name: [_point(cell, name, times.get(name, 1)) for cell in cells] for name in _FIGURES}
    of_hours = counted(endpoint.pk, span)
    # Of the counter itself there is one value for each probe, but no roll-ups.
    figures |= of_hours if rolled else of_hours | {"tokens": _rates(cells)}
    return Past(
        [RANK[cell["worst"]] if cell else None for cell in cells],
        {name: values for name, values in figures.items() if any(values)},
    )


def _missing(engine: str, endpoint: Endpoint, own: Past) -> list[str]:
    reported = COUNTED.get(engine, frozenset())
    never = [words for name, words in _COUNTED.items() if name not in reported]
    none_yet = [
        words for name, words in _COUNTED.items()
        if name in reported and {"generation_tokens": "tokens"}.get(name, name) not in own.figures
    ]  # fmt: skip
    found = []
    if engine and never:
        found.append(f"{title(engine, endpoint.state.facts.get('product'))} does not report {_listed(never, 'or')}.")
    if none_yet:
        found.append(f"No figures of {_listed(none_yet, 'and')} in this time.")
    return found


def _listed(words: Sequence[str], last: str) -> str:
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _chart(plot: Plot, each: Mapping[str, Past], span: Span) -> Chart:
    series = []
    for (name, found), tones in zip(each.items(), (("main", "second"), ("other", "other-second")), strict=False):
        for (figure, words), tone in zip(plot.lines.items(), tones, strict=False):
            if len(each) > 1:
                words = name if len(plot.lines) == 1 else f"{name} {words}"
            values = found.figures.get(figure) or [None] * span.buckets
            series.append(Series(words, values, tone, found.statuses))
    return chart(plot.title, plot.unit, series, span, plot.top, plot.note)


def _buckets(endpoint_id: int, span: Span) -> Iterable[Any]:
    left_out = When(~Q(excluded=""), then=Value(0))  # says nothing about the endpoint, so unknown
    ranks = [left_out, *(When(status=status, then=Value(rank)) for rank, status in enumerate(RANK))]
    at_work = Case(When(busy=True, then=Value(1.0)), When(busy=False, then=Value(0.0)), output_field=FloatField())
    # Each aggregate costs about as much as reading the rows does,
    # so the load goes without its lowest value.
    spread: dict[str, Any] = {
        f"{field}_mean": Avg(field) for field in ("latency_ms", "running", "waiting", "kv_cache_usage")
    }
    spread |= {f"{field}_high": Max(field) for field in ("latency_ms", "running", "waiting", "generation_tokens")}
    spread |= {f"{field}_low": Min(field) for field in ("latency_ms", "generation_tokens")}
    return (
        Observation.objects.filter(endpoint_id=endpoint_id, at__gte=span.starts_at, at__lt=span.ends_at)
        .order_by()
        .annotate(bucket=Bucket("at", span.width))
        .values("bucket")
        .annotate(
            worst=Max(Case(*ranks, default=Value(0), output_field=IntegerField())),
            busy_mean=Avg(at_work),
            last=Max("at", filter=Q(generation_tokens__isnull=False)),
            **spread,
        )
    )


def _rates(cells: Sequence[dict[str, Any] | None]) -> Values:
    """Tokens per second from the last count of one bucket to that of the next; none where the counter began again."""
    rates: Values = []
    before: dict[str, Any] | None = None
    for cell in cells:
        rate = None
        if cell and cell["last"]:
            if before and cell["generation_tokens_low"] >= before["generation_tokens_high"]:
                gained = cell["generation_tokens_high"] - before["generation_tokens_high"]
                mean = gained / (cell["last"] - before["last"]).total_seconds()
                rate = Point(mean, mean, mean)
            before = cell
        rates.append(rate)
    return rates


def _rolled(endpoint_id: int, span: Span, now: float) -> Iterable[dict[str, Any]]:
    """The same as `_buckets`, from hours, and from what is not rolled up to hours yet.

    Hours are read without their counts, and their times are numbered by the database: 90 days are 2,160 rows.
    """
    hours = Rollup.objects.filter(
        endpoint_id=endpoint_id, span=Rollup.Span.HOUR, start__gte=span.starts_at, start__lt=at(min(now, span.end))
    )
    found: dict[int, dict[str, Any]] = {}
    end = span.start
    numbered = hours.annotate(hour=Bucket("start", HOUR)).order_by("start").values_list("hour", "worst", "sums")
    for hour, worst, sums in numbered.iterator(2000):
        end = (hour + 1) * HOUR
        if isinstance(sums, dict):
            _add(found, hour * HOUR // span.width, worst, sums)
    for part in past.whole(past.parts({endpoint_id: at(end)}, at(min(now, span.end)), "hour")):
        _add(found, part.start // span.width, part.total.worst, part.total.sums)
    for cell in found.values():
        for figure in _FIGURES:
            many, added, *_ = _KEYS[figure]
            if cell.get(many):
                cell[f"{figure}_mean"] = cell[added] / cell[many]
        if "busy_mean" in cell:
            cell |= {"busy_low": cell["busy_mean"], "busy_high": cell["busy_mean"]}
    return found.values()


def _add(cells: dict[int, dict[str, Any]], bucket: int, worst: str, sums: Mapping[str, Sequence[float]]) -> None:
    rank = _RANKS.get(worst, 0)
    cell = cells.setdefault(bucket, {"bucket": bucket, "worst": rank})
    cell["worst"] = max(cell["worst"], rank)
    for figure in _FIGURES:
        if figure in sums:
            many, added, low, high = sums[figure]
            many_key, sum_key, low_key, high_key = _KEYS[figure]
            cell[many_key] = cell.get(many_key, 0) + many
            cell[sum_key] = cell.get(sum_key, 0) + added
            cell[low_key] = min(cell.get(low_key, low), low)
            cell[high_key] = max(cell.get(high_key, high), high)


def _point(cell: dict[str, Any] | None, field: str, times: float) -> Point | None:
    if cell is None or (mean := cell.get(f"{field}_mean")) is None:
        return None
    low, high = cell.get(f"{field}_low", mean), cell.get(f"{field}_high", mean)
    return Point(mean * times, low * times, high * times)
