"""Load figures in words, with the names their engine gives them, since people search for those. Pure."""

from typing import NamedTuple

from ..engines.reading import Load
from ..engines.registry import METRICS
from . import formats


class Figure(NamedTuple):
    """One figure of an engine's load."""

    name: str  # the engine's own name
    meaning: str
    value: str


_MEANINGS = {
    "running": "requests being worked on",
    "waiting": "requests queued",
    "slots": "requests it can work on at once",
    "busy": "working on a request",
    "kv_cache_usage": "share of the KV cache in use",
    "preemptions": "requests put back for lack of KV cache, since start",
    "prefix_cache_queries": "prompt tokens looked up in the prefix cache, since start",
    "prefix_cache_hits": "prompt tokens found in the prefix cache, since start",
    "prompt_tokens": "prompt tokens read, since start",
    "generation_tokens": "tokens generated, since start",
    "requests": "requests finished, since start",
    "sleep_state": "awake, or put to sleep on purpose",
}

_NO_METRICS = {
    "ollama": {"busy": "expires_at is in the past"},
    "lmstudio": {"slots": "config.parallel"},
    "llamacpp": {"slots": "total_slots"},
    "tgi": {"slots": "max_concurrent_requests"},
}
"""What figures that are no metrics are called or made of."""


def own_names(engine: str) -> dict[str, str]:
    """Field of a load -> the engine's own name for it, where it has one."""
    return METRICS.get(engine, {}) | _NO_METRICS.get(engine, {})


def figures(engine: str, load: Load) -> list[Figure]:
    """The known figures of a load, in a fixed order; what is unknown is left out."""
    names = own_names(engine)
    found = []
    for field, meaning in _MEANINGS.items():
        value = getattr(load, field)
        if field == "waiting" and value is not None:
            value += load.deferred or 0  # the engine's own figure is that of all
        if value is not None:
            found.append(Figure(names.get(field, field), meaning, _format(field, value)))
        if field == "waiting":
            found += [_by_reason(names, reason, n) for reason, n in sorted(load.waiting_by_reason.items()) if n]
        if field == "prefix_cache_hits" and value is not None and load.prefix_cache_queries:
            found.append(Figure("hit rate", "hits / queries", formats.percent(value / load.prefix_cache_queries)))
    return found


def _by_reason(names: dict[str, str], reason: str, requests: int) -> Figure:
    name = f"{names.get('waiting', 'waiting')}_by_reason"
    meaning = "of these not for capacity: no sign of too much work" if reason == "deferred" else f"of these: {reason}"
    return Figure(f'{name}{{reason="{reason}"}}', meaning, formats.count(requests))


def _format(field: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if not isinstance(value, int | float):
        raise TypeError(f"{field} is no figure: {value!r}")
    return formats.percent(value) if field == "kv_cache_usage" else formats.count(value)
