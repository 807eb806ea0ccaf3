"""The free check that an engine works: requests under way, and nothing moves. Pure."""

from dataclasses import dataclass

from .engines.canary import moved
from .engines.errors import Cause
from .engines.reading import Load
from .status import Finding

LOOKS = 3
SECONDS = 30.0
"""Both must have passed. While a long prompt is read in, no token is counted for a while, and three confirming looks
take less than ten seconds."""

ENGINES = ("vllm",)
"""Those whose counters move with every step. Others count a request's tokens when it is over, so theirs may rest."""


@dataclass(frozen=True, slots=True)
class Still:
    """Looks in a row that saw requests under way and no progress; `since` is when the first was, in unix seconds."""

    looks: int = 0
    since: float = 0.0


def count(still: Still, before: Load, now: Load, at: float) -> Still:
    """The looks in a row after one more, at `at` (unix seconds)."""
    if not _stands(before, now):
        return Still()
    return Still(still.looks + 1, still.since if still.looks else at)


def _stands(before: Load, now: Load) -> bool:
    """The KV cache must rest as well: it fills while a prompt is read in."""
    known = None not in (before.generation_tokens, now.generation_tokens)
    same_process = before.process_start == now.process_start
    if not (known and same_process and under_way(now)) or moved(before, now):
        return False
    return (before.requests, before.kv_cache_usage) == (now.requests, now.kv_cache_usage)


def under_way(load: Load) -> int:
    """Requests that are worked on or wait."""
    return (load.running or 0) + (load.waiting or 0)


def find(still: Still, load: Load, at: float) -> Finding | None:
    """Wedged, once it has stood still for long enough."""
    if still.looks < LOOKS or at - still.since < SECONDS:
        return None
    requests = under_way(load)
    noun = "request" if requests == 1 else "requests"
    return Finding(Cause.WEDGED, "load", f"{requests} {noun} under way, no token for {still.looks} looks")
