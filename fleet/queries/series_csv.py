"""What an endpoint's charts show, as CSV: a row for each bucket of time that has any figure."""

from datetime import UTC, datetime

from core.csv_text import cell, rows
from core.dates import second

from ..display.time_charts import Value
from ..display.time_span import Span
from ..models import Endpoint
from .series import PLOTS, Past, past_of


def as_csv(endpoint: Endpoint, span: Span, now: float, other: Endpoint | None = None) -> str:
    """A heading and at most 270 rows, so it is no stream. Times are UTC, `now` is in unix seconds; what is only known
    to lie between two bounds has no mean. Both endpoints with their state."""
    shown = [(each.name, past_of(each, span, now)) for each in (endpoint, other) if each]
    table = [["time (UTC)", *(cell(each) for name, past in shown for each in _heads(name, past))]]
    for bucket in range(span.buckets):
        figures = [each for _, past in shown for each in _cells(past, bucket)]
        if any(figures):
            at = datetime.fromtimestamp((span.first + bucket) * span.width, UTC)
            table.append([second(at), *figures])
    return rows(table)


_COLUMNS = [(plot, figure, words) for plot in PLOTS for figure, words in plot.lines.items()]


def _heads(name: str, past: Past) -> list[str]:
    heads = [f"{name}: status"]
    for plot, figure, words in _COLUMNS:
        if figure in past.figures:
            unit = f" ({plot.unit})" if plot.unit else ""
            title = plot.title if len(plot.lines) == 1 else f"{plot.title}, {words}"
            heads += [f"{name}: {title}, {part}{unit}" for part in ("mean", "lowest", "highest")]
    return heads


def _cells(past: Past, bucket: int) -> list[str]:
    cells = [past.statuses[bucket] or ""]
    for _, figure, _ in _COLUMNS:
        if figure in past.figures:
            cells += _values(past.figures[figure][bucket])
    return cells


def _values(value: Value | None) -> list[str]:
    if value is None:
        return ["", "", ""]
    return ["" if each is None else f"{each:.6g}" for each in (value.mean, value.low, value.high)]
