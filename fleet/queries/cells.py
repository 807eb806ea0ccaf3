"""The figures of a board row: engine, models, load, latency and the last day, ready to be placed.

They are the costly part of a row (three JSON columns, three charts), and most are unchanged from one page to
the next, so each web process keeps them until the row is drawn again or a few minutes are over.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString

from ..display import board_charts, formats
from ..engines import registry
from ..history import day_strip
from ..models import EndpointState
from ..verdict.status import Status
from .readable import from_columns

TAGS = 3
"""Models named in a row; the rest is counted."""

_COLUMNS = ("endpoint_id", "status", "latency_ms", "engine", "facts", "load", "strip")
KEEP = 300
"""Seconds after which a row's figures are computed again even if nothing probed it: its charts move on."""

_MANY = 500
"""From so many on, reading all rows is cheaper than naming each."""

_Key = tuple[datetime | None, int]
_kept: dict[int, tuple[_Key, "Cells"]] = {}


@dataclass(frozen=True)
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

    @cached_property
    def html(self) -> SafeString:
        return render_to_string("fleet/_cells.html", {"cells": self})


def cells_of(shown: dict[int, datetime | None], now: float) -> dict[int, Cells]:
    """The cells of these endpoints (id -> shown_at) at `now` (unix seconds), in at most one query."""
    period = int(now // KEEP)
    kept = {pk: _kept.get(pk) for pk in shown}
    found = {pk: each[1] for pk, each in kept.items() if each and each[0] == (shown[pk], period)}
    for state in _read([pk for pk in shown if pk not in found]):
        pk = state["endpoint_id"]
        found[pk] = from_columns(partial(make, now), state)
        _kept[pk] = ((shown[pk], period), found[pk])
    if len(_kept) > 2 * len(shown) + 1000:  # many were removed since
        for pk, (key, _) in list(_kept.items()):
            if key[1] != period:
                _kept.pop(pk, None)
    return found


def _read(missing: list[int]) -> Iterable[dict[str, Any]]:
    states = EndpointState.objects.order_by().values(*_COLUMNS)
    if len(missing) < _MANY:
        return states.filter(endpoint_id__in=missing) if missing else ()
    wanted = set(missing)
    return (state for state in states.iterator() if state["endpoint_id"] in wanted)


def make(now: float, state: dict[str, Any]) -> Cells:
    """The cells of one state row at `now` (unix seconds)."""
    models, note = _models(state["facts"])
    if state["status"] == Status.DOWN and models:
        models, note = [], f"{', '.join(models[:TAGS])} when last seen"
    load, load_note = _load(state, now)
    share = day_strip.availability(state["strip"], now)
    available = "" if share is None else formats.percent(share)
    label = f"{available} available" if available else "nothing is known yet"
    day = board_charts.strip(day_strip.day_cells(state["strip"], now), escape(f"Last 24 hours: {label}"))
    latency = state["latency_ms"]
    product = state["facts"].get("product")
    gateway = "gateway" if registry.is_gateway(state["engine"], product) else ""
    return Cells(
        engine=product or engine_label(state["engine"]),
        version=" ".join(filter(None, (gateway, state["facts"].get("version")))) or formats.UNKNOWN,
        models=models[:TAGS],
        more=max(0, len(models) - TAGS),
        models_note=note,
        load=load,
        load_note=load_note,
        latency=board_charts.sparkline(day_strip.latencies(state["strip"], now), "Latency over the last hour"),
        latency_note="no answer" if latency is None else formats.milliseconds(latency),
        day=day,
        available=available,
    )


def engine_label(name: str) -> str:
    """An engine as people write it."""
    return registry.label(name) if name else formats.UNKNOWN


def _models(facts: dict[str, Any]) -> tuple[list[str], str]:
    """The loaded models. Where an engine does not report what is loaded, all that it offers."""
    models = facts.get("models", ())
    if not models:
        return [], "none offered" if "version" in facts else formats.UNKNOWN
    reported = [model for model in models if model.get("loaded") is not None]
    names = [model["name"] for model in models if not reported or model.get("loaded")]
    return names, "" if names else f"none of {len(models)} loaded"


def _load(state: dict[str, Any], now: float) -> tuple[SafeString, str]:
    """The bar and its words. The line is what the engine says it can work on at once; else there is none."""
    load = state["load"]
    if state["status"] in (Status.DOWN, Status.LOADING):
        return SafeString(""), formats.UNKNOWN
    if state["status"] == Status.ASLEEP:
        return board_charts.load_bar(0, "asleep", line=False), "asleep"
    running, waiting, slots = load.get("running"), load.get("waiting"), load.get("slots")
    if running is None:
        share = day_strip.busy_share(state["strip"], now)
        if share is None:
            return SafeString(""), formats.UNKNOWN
        note = f"busy {share * 100:.0f} % of last hour"
        return board_charts.load_bar(share, note, line=False), note
    note = f"{running:.0f} running" + ("" if waiting is None else f", {waiting:.0f} waiting")
    note += f", {load['deferred']:.0f} deferred" if load.get("deferred") else ""
    if slots:
        share = (running + (waiting or 0)) / slots
        return board_charts.load_bar(share, f"{note}; its line is {slots} at once"), note
    cache = load.get("kv_cache_usage")
    if cache is None:
        return SafeString(""), note
    return board_charts.load_bar(cache, f"KV cache {formats.percent(cache)} full", line=False), note
