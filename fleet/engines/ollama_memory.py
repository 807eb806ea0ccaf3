"""What Ollama has in memory by GET /api/ps, and whether a request made it load a model again. Pure."""

from dataclasses import dataclass
from typing import Any

from .lenient import mappings, text, whole
from .reading import moment

_LOAD = 0.5
_MAYBE_LOAD = 0.02
"""Seconds of `load_duration`. Finding a model in memory takes about a millisecond, loading the smallest one 0.25 s."""


@dataclass(frozen=True, slots=True)
class InMemory:
    """One model; what /api/ps does not have is None."""

    size: int | None = None  # bytes
    context_length: int | None = None  # tokens a request; since 0.9.7
    expires_at: float | None = None  # unix seconds


def in_memory(answer: dict[str, Any]) -> dict[str, InMemory]:
    """The models in an answer of GET /api/ps by name."""
    found = {}
    for entry in mappings(answer.get("models")):
        if name := text(entry.get("name")) or text(entry.get("model")):
            expires_at = moment(text(entry.get("expires_at")))
            found[name] = InMemory(whole(entry.get("size")), whole(entry.get("context_length")), expires_at)
    return found


def loaded_again(name: str, load_ns: int | None, before: dict[str, InMemory], after: dict[str, InMemory]) -> bool:
    """Whether a request made Ollama load a model again that was in memory `before`. `load_ns` is the load_duration of
    its answer; None where that did not come in time.

    Another size shows it, or an earlier expiry: a model loaded again has the default keep_alive. Where it is listed as
    before, only a long time does, and only while no other model came or went: a request waits for those.
    """
    old, new, seconds = before[name], after.get(name, InMemory()), (load_ns or 0) / 1e9
    resized = None not in (old.size, new.size) and old.size != new.size
    if load_ns is None:
        return resized or name not in after
    if seconds < _MAYBE_LOAD:
        return False
    if resized or (old.expires_at and new.expires_at and new.expires_at < old.expires_at - 1):
        return True
    others = [{n: m.size for n, m in models.items() if n != name} for models in (before, after)]
    return seconds >= _LOAD and others[0] == others[1]
