"""The figures of a board row: engine, models, load, latency and the last day, ready to be placed."""

from dataclasses import dataclass
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString

from ..display import board_charts, formats
from ..engines import registry
from ..engines.reading import Facts
from ..history import day_strip
from ..verdict.status import Status
from .states import StateRow

NO_LINE = "no load line known yet"

TAGS = 3
"""Models named in a row; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The figures of one endpoint, worked out; a chart is empty where nothing is known."""

    engine: str
    version: str
    models: list[str]
    more: int
    models_note: str
    load: SafeString
    load_note: str
    latency: SafeString
    latency_note: str
    day: SafeString
    available: str


def cells(state: StateRow, now: float) -> Cells:
    """The cells of one state row, which has its strip, at `now` (unix seconds)."""
    facts, strip, latency = state.facts, state.strip or {}, state.latency_ms
    models, note = _models(facts)
    if state.status == Status.DOWN and models:
        models, note = [], f"{', '.join(models[:TAGS])} when last seen"
    load, load_note = _load(state, now)
    day, available = _day(strip, now)
    gateway = "gateway" if registry.is_gateway(state.engine, facts.product) else ""
    return Cells(
        engine=facts.product or state.engine_label,
        version=" ".join(filter(None, (gateway, facts.version))) or formats.UNKNOWN,
        models=models[:TAGS],
        more=max(0, len(models) - TAGS),
        models_note=note,
        load=load,
        load_note=load_note,
        latency=board_charts.sparkline(day_strip.latencies(strip, now), "Latency over the last hour"),
        latency_note="no answer" if latency is None else formats.milliseconds(latency),
        day=day,
        available=available,
    )


def _models(facts: Facts) -> tuple[list[str], str]:
    """The loaded models. Where an engine does not report what is loaded, all that it offers."""
    if not facts.models:
        return [], formats.UNKNOWN if facts.version is None else "none offered"
    reported = any(model.loaded is not None for model in facts.models)
    names = [model.name for model in facts.models if model.loaded or not reported]
    return names, "" if names else f"none of {len(facts.models)} loaded"


def _load(state: StateRow, now: float) -> tuple[SafeString, str]:
    """The bar and its words. What the engine can work on at once is no line: that is where its target is missed."""
    load = state.load
    if state.status in (Status.DOWN, Status.LOADING):
        return SafeString(""), formats.UNKNOWN
    if state.status == Status.ASLEEP:
        return board_charts.load_bar(0, "asleep", line=False), "asleep"
    if load.running is None:
        return _busy(day_strip.busy_share(state.strip or {}, now))
    callers = load.running + (load.waiting or 0)
    deferred = f", {load.deferred:.0f} deferred" if load.deferred else ""
    if state.line:
        limit = state.held_up_by if callers > state.line else ""
        note = f"{callers:.0f} of {state.line}" + (f" · {limit}" if limit else " callers") + deferred
        return board_charts.load_bar(
            callers / state.line, escape(f"{note}; its load line is {state.line} at once")
        ), note
    if load.waiting or deferred:
        note = f"{load.running:.0f} running, {load.waiting or 0:.0f} waiting{deferred}"
    else:
        note = f"{callers:.0f} caller{'' if callers == 1 else 's'}, no line yet"
    if load.slots:
        label = f"{callers:.0f} of the {load.slots} that it works on at once; {NO_LINE}"
        return board_charts.load_bar(callers / load.slots, label, line=False), note
    if load.kv_cache_usage is None:
        return SafeString(""), note
    full = f"KV cache {formats.percent(load.kv_cache_usage)} full; {NO_LINE}"
    return board_charts.load_bar(load.kv_cache_usage, full, line=False), note


def _busy(share: float | None) -> tuple[SafeString, str]:
    if share is None:
        return SafeString(""), formats.UNKNOWN
    note = f"busy {share * 100:.0f} % of last hour"
    return board_charts.load_bar(share, f"{note}; {NO_LINE}", line=False), note


def _day(data: dict[str, Any], now: float) -> tuple[SafeString, str]:
    share = day_strip.availability(data, now)
    label = "nothing is known yet" if share is None else f"{formats.percent(share)} available"
    chart = board_charts.strip(day_strip.day_cells(data, now), escape(f"Last 24 hours: {label}"))
    return chart, "" if share is None else formats.percent(share)
