"""What one probe adds to the hour under way, and the hours that are complete by it.

Gauges count with every probe. What the engine counts itself (requests, tokens, its histograms) is taken from two
readings of the same process with the same series: any figure that is lower than before is a reset, and begins again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from ..engines.errors import Cause
from ..engines.reading import BUCKETS, Canary, Counted, Facts, Load, Model, Reading
from . import counts
from .counts import HISTOGRAMS, Counts

HOUR, QUARTER = 3600, 900
"""Seconds."""

ENOUGH = 3
"""Probes that make a quarter of an hour count."""

QUEUED, HEAVY = 5, 0.8
"""Requests that wait for capacity, and the share of a quarter's probes that must find so many: it is saturated."""

KV_FULL = 0.95
"""Share of the KV cache in use from which on it is the limit."""

WAITED, SCHEDULER, SLOWED = 20.0, 100.0, 3.0
"""Milliseconds of a canary's wait for a slot (3 at most are seen when idle) and for another model's load; how many
times its idle value the evaluation of its prompt takes when other slots are busy."""

SERVER = ""
"""Stands in place of a model's name for figures of the whole server."""


@dataclass(slots=True)
class Collecting:
    """What is stored with the endpoint's state between two probes. Times are whole unix seconds."""

    hour: int = 0  # its start
    counts: dict[str, Counts] = field(default_factory=dict)  # by model
    quarter: list[int] = field(default_factory=lambda: [0, 0, 0])  # its start, probes, those with QUEUED waiting
    gone: dict[str, int] = field(default_factory=dict)  # models that left the memory before their time -> when
    idle_prompt: dict[str, float] = field(default_factory=dict)  # the least ms that a canary's prompt took, by model
    asked: list[str] = field(default_factory=list)  # models that canaries have used since the last good probe
    canaries: int = 0  # since the engine's counters were read: their requests are ours
    read: dict[str, Any] = field(default_factory=dict)  # the engine's counters when they were last read
    teams: dict[str, list[str]] = field(default_factory=dict)  # by server behind a gateway, who asked in this hour
    edges: dict[str, dict[str, list[str]]] = field(default_factory=dict)  # by model, its histograms' buckets

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """From what `to_json` gave; other keys, of another version, are left out."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})

    def to_json(self) -> dict[str, Any]:
        """Without what is empty."""
        return {each.name: value for each in fields(self) if (value := getattr(self, each.name))}


@dataclass(frozen=True, slots=True)
class Hour:
    """One complete hour of one model."""

    start: int  # unix seconds
    model: str
    counts: Counts
    edges: dict[str, list[str]]  # histogram -> the upper edges of its buckets, as the engine writes them


def collect(so_far: Collecting, before: Facts, reading: Reading, excluded: bool) -> list[Hour]:
    """Adds one probe to `so_far`, and returns the hours that are over. `before`: what was known before it.

    One that is excluded (maintenance, the monitor was blind) is only counted as such.
    """
    hours, at = _turn(so_far, int(reading.at) // HOUR * HOUR), int(reading.at)
    server = so_far.counts.setdefault(SERVER, {})
    if excluded:
        counts.add(server, "excluded")
        so_far.read = {}  # what the engine counts meanwhile must not count either
        return hours
    counts.add(server, "probes")
    if reading.failure is None:
        _add_gauges(so_far, server, reading.load, at)
        _add_models(so_far, before, reading, at)
        if reading.counted:
            hours += _add_counted(so_far, reading.counted, reading.load.process_start, at)
    if reading.canary:
        _add_canary(so_far, reading.canary)
    return hours


def _turn(so_far: Collecting, hour: int) -> list[Hour]:
    """What is over once a probe of this hour comes."""
    if so_far.hour == hour:
        return []
    over = [
        Hour(so_far.hour, model, found, so_far.edges.get(model, {})) for model, found in so_far.counts.items() if found
    ]
    so_far.hour, so_far.counts, so_far.teams = hour, {}, {}
    return over


def _add_gauges(so_far: Collecting, server: Counts, load: Load, at: int) -> None:
    if load.running is None:
        return
    waiting = load.waiting or 0
    counts.add(server, "gauges")
    counts.add(server, "running_sum", load.running)
    counts.add(server, "queued_sum", waiting)
    counts.add_value(server, "running", load.running)
    counts.add_value(server, "queued", waiting)
    server["running_max"] = max(load.running, server.get("running_max", 0))
    server["queued_max"] = max(waiting, server.get("queued_max", 0))
    if load.slots:
        server["slots"] = load.slots
    if load.running:
        counts.add(server, "at_work")
    if load.kv_cache_usage is not None:
        counts.add_value(server, "kv", 100 * load.kv_cache_usage)
    if waiting:
        counts.add(server, "waiting")
        if load.kv_cache_usage is not None and load.kv_cache_usage >= KV_FULL:
            counts.add(server, "kv_full")
        if load.running >= server.get("waiting_max", 0):
            same = server.get("at_max", 0) if load.running == server.get("waiting_max", 0) else 0
            server["waiting_max"], server["at_max"] = load.running, same + 1
    quarter = at // QUARTER * QUARTER
    if so_far.quarter[0] != quarter:
        _, probes, heavy = so_far.quarter
        if probes >= ENOUGH:
            counts.add(server, "quarters")
            if heavy >= HEAVY * probes:
                counts.add(server, "saturated")
        so_far.quarter = [quarter, 0, 0]
    so_far.quarter[1] += 1
    so_far.quarter[2] += waiting >= QUEUED


def _add_models(so_far: Collecting, before: Facts, reading: Reading, at: int) -> None:
    """What the list of models in memory shows, for engines that load and unload them (Ollama)."""
    known = {model.name: model for model in before.models}
    for model in reading.facts.models:
        old = known.get(model.name)
        if model.loaded is None or (model.expires_at is None and not (old and old.expires_at)):
            continue
        if not model.loaded:
            if old and old.loaded and old.expiry and old.expiry > reading.at:
                so_far.gone[model.name] = at
            continue
        counted = so_far.counts.setdefault(model.name, {})
        counts.add(counted, "probes")
        if model.size_vram is not None and model.size_loaded and 0 < model.size_vram < model.size_loaded:
            counts.add(counted, "spilled")
        if old is None or not old.loaded:
            if known:
                counts.add(counted, "swaps" if so_far.gone.pop(model.name, 0) else "cold_loads")
        elif old.digest == model.digest and _another_runner(old, model):
            counts.add(counted, "flips")
            counts.add(counted, "reloads")
        ours = model.name in so_far.asked
        if old and old.expiry and model.expiry and model.expiry > old.expiry and not ours:
            counts.add(counted, "used")
    so_far.asked = []
    so_far.gone = {name: when for name, when in so_far.gone.items() if at - when < 24 * HOUR}


def _another_runner(old: Model, new: Model) -> bool:
    """Whether one model is in memory with another context, or in another size, than a probe before."""
    pairs = ((old.size_loaded, new.size_loaded), (old.context_length, new.context_length))
    return any(None not in pair and pair[0] != pair[1] for pair in pairs)


def _add_canary(so_far: Collecting, canary: Canary) -> None:
    counted = so_far.counts.setdefault(canary.model, {})
    if canary.skipped:
        if canary.unused:
            counts.add(counted, "unused")
        return
    so_far.canaries += 1
    so_far.asked.append(canary.model)
    if not canary.measures:
        return  # those are not sent under real traffic, so they show too few waits
    busy = canary.failure is not None and canary.failure.cause is Cause.SATURATED
    if not (busy or canary.loaded or canary.wait_ms is not None):
        return  # it shows nothing of waits
    counts.add(counted, "canaries")
    if busy:
        counts.add(counted, "refused" if canary.status == 503 else "waited")
        if canary.status is None and canary.ms is not None:  # it was given up: it had waited so long at least
            counts.add_value(counted, "wait", canary.ms)
    if canary.loaded:  # its times are those of a load that we caused
        counts.add(counted, "caused_load")
        return
    if canary.wait_ms is not None:
        counts.add_value(counted, "wait", canary.wait_ms)
        if canary.wait_ms > WAITED:
            counts.add(counted, "waited")
    if canary.load_ms is not None and canary.load_ms > SCHEDULER:
        counts.add(counted, "scheduler")
    if canary.prompt_ms:
        idle = min(canary.prompt_ms, so_far.idle_prompt.get(canary.model, canary.prompt_ms))
        so_far.idle_prompt[canary.model] = idle
        counts.add_value(counted, "prompt", canary.prompt_ms)
        if canary.prompt_ms >= SLOWED * idle:
            counts.add(counted, "slowed")


def _add_counted(so_far: Collecting, counted: tuple[Counted, ...], start: float | None, at: int) -> list[Hour]:
    """Adds what the engine counted since its counters were read before."""
    old, models = so_far.read, {each.model: each for each in counted}
    so_far.read = {"at": at, "start": start, "models": {name: each.to_json() for name, each in models.items()}}
    ours, so_far.canaries = so_far.canaries, 0
    if not old or old["start"] != start or at <= old["at"]:
        return []
    hours = []
    for name, each in models.items():
        before = Counted.from_json(name, old["models"][name]) if name in old["models"] else None
        if before is None or before.series != each.series:
            continue
        gained = {figure: value - before.counts.get(figure, 0) for figure, value in each.counts.items()}
        if any(value < 0 for value in gained.values()) or before.counts.keys() != each.counts.keys():
            continue
        edges = {figure: list(buckets) for figure, buckets in each.histograms.items()}
        if so_far.edges.get(name, edges) != edges and (filled := so_far.counts.pop(name, None)):
            hours.append(Hour(so_far.hour, name, filled, so_far.edges[name]))
        so_far.edges[name] = edges
        into = so_far.counts.setdefault(name, {})
        counts.add(into, "scrapes")
        counts.add(into, "seconds", at - old["at"])
        if ours and gained.get("requests", 0) <= ours:
            continue  # nobody else asked for anything
        for figure, value in gained.items():
            if number := round(value) - (ours if figure == "requests" else 0):
                counts.add(into, figure, number)
        if asked := [team for team, number in each.teams.items() if number > before.teams.get(team, 0)]:
            so_far.teams[name] = sorted({*so_far.teams.get(name, ()), *asked})
            into["teams"] = len(so_far.teams[name])
        for figure in HISTOGRAMS:
            gain = _gained(before.histograms.get(figure), each.histograms.get(figure))
            for n, number in enumerate(gain):
                if number:
                    counts.add(into, f"{figure}.{n}", number)
    return hours


def _gained(before: Mapping[str, float] | None, after: Mapping[str, float] | None) -> list[int]:
    """How many values each bucket got; none where buckets changed or one fell. Buckets are cumulative: le, count."""
    if not before or not after or list(before) != list(after):
        return []
    cumulated = [after[edge] - before[edge] for edge in after]
    single = [round(high - low) for low, high in zip([0.0, *cumulated], cumulated, strict=False)]
    return [] if min(single) < 0 else single[: BUCKETS + 1]
