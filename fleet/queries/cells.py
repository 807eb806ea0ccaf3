"""The figures of a board row: engine, models, load, latency and the last day, ready to be placed."""

from dataclasses import dataclass
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString

from ..display import board_charts, formats
from ..engines import registry
from ..engines.errors import Cause
from ..engines.reading import Facts
from ..history import day_strip
from ..history.availability import share_available
from ..verdict.status import Status
from .states import StateRow

NO_LINE = "no load line known yet"

NEARLY_A_DAY = 23 * 3600
"""Seconds that count from which on a share of them is one of the day."""

TAGS = 3
"""Models named in a row; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The figures of one endpoint, worked out; a chart or a note is empty where nothing is known."""

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
    available_of: str  # "of 3 min", where that is less than a day


@dataclass(frozen=True, slots=True)
class LoadCell:
    """How loaded an endpoint is: in words, and as the share (0..1 and more) of its line, or of what fills the bar."""

    note: str
    share: float | None = None  # None: not known
    label: str = ""  # of the bar
    line: bool = False  # whether 1 is the load line


def cells(state: StateRow, now: float) -> Cells:
    """The cells of one state row, which has its strip, at `now` (unix seconds)."""
    facts, strip, latency = state.facts, state.strip or {}, state.latency_ms
    models, note = models_of(facts)
    if state.status == Status.DOWN:
        models, note = [], f"{', '.join(models[:TAGS])} when last seen" if models else ""
    load = load_of(state, now)
    bar = SafeString("") if load.share is None else board_charts.load_bar(load.share, load.label, line=load.line)
    day, available, available_of = _day(strip, now)
    gateway = "gateway" if registry.is_gateway(state.engine, facts.product) else ""
    return Cells(
        engine=facts.product or state.engine_label,
        version=" ".join(filter(None, (gateway, facts.version))),
        models=models[:TAGS],
        more=max(0, len(models) - TAGS),
        models_note=note,
        load=bar,
        load_note=load.note,
        latency=board_charts.sparkline(day_strip.latencies(strip, now), "Latency over the last hour"),
        latency_note="" if latency is None else formats.milliseconds(latency),
        day=day,
        available=available,
        available_of=available_of,
    )


def models_of(facts: Facts) -> tuple[list[str], str]:
    """The loaded models, as Facts.in_memory, or a note."""
    if not facts.models:
        return [], "" if facts.version is None else "none offered"
    names = facts.in_memory
    return names, "" if names else f"none of {len(facts.models)} loaded"


_ANSWERED = (
    Cause.SERVER_ERROR,
    Cause.UNHEALTHY,
    Cause.NOTHING_BEHIND,
    Cause.ENGINE_DEAD,
    Cause.WEDGED,
    Cause.STILL_LOADING,
)
"""Causes of being down in which it did answer, though not as it should."""


def load_of(state: StateRow, now: float) -> LoadCell:
    """The load. What the engine can work on at once is no line: that is where its target is missed."""
    load = state.load
    if state.status == Status.DOWN:
        return LoadCell(formats.UNKNOWN if state.cause in _ANSWERED else "no answer")
    if state.status in (Status.LOADING, Status.UNKNOWN, Status.PAUSED):
        return LoadCell(formats.UNKNOWN if state.engine else "")  # once in a row is enough
    if state.status == Status.ASLEEP:
        return LoadCell("asleep", 0, "asleep")
    callers = load.callers
    if callers is None:
        # A failed probe of an engine that counts callers reads nothing, so its hour is not its load.
        share = None if load.busy is None else day_strip.busy_share(state.strip or {}, now)
        note = formats.UNKNOWN if share is None else f"busy {share * 100:.0f} % of last hour"
        return LoadCell(note, share, f"{note}; {NO_LINE}")
    deferred = f", {load.deferred:.0f} deferred" if load.deferred else ""
    if state.line:
        limit = state.held_up_by if callers > state.line else ""
        note = f"{callers:.0f} of {state.line}" + (f" · {limit}" if limit else " callers") + deferred
        return LoadCell(note, callers / state.line, escape(f"{note}; its load line is {state.line} at once"), line=True)
    if load.waiting or deferred:
        note = f"{load.running:.0f} running, {load.waiting or 0:.0f} waiting{deferred}"
    else:
        note = f"{callers:.0f} caller{'' if callers == 1 else 's'}, no line yet"
    if load.slots:
        label = f"{callers:.0f} of the {load.slots} that it works on at once; {NO_LINE}"
        return LoadCell(note, load.share, label)
    full = f"KV cache {formats.percent(load.kv_cache_usage)} full; {NO_LINE}"
    return LoadCell(note, load.share, full)


def _day(data: dict[str, Any], now: float) -> tuple[SafeString, str, str]:
    counted, down = day_strip.counted(data, now)
    share = share_available(counted, down)
    known = "" if share is None else formats.percent(share)
    of = f"of {formats.span(counted)}" if known and counted < NEARLY_A_DAY else ""
    label = f"{known} available {of}".strip() if known else "nothing is known yet"
    return board_charts.strip(day_strip.day_cells(data, now), escape(f"Last 24 hours: {label}")), known, of
