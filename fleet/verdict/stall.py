"""The free check that an engine works: requests under way, and nothing moves. Pure.

Figures that rest prove nothing: up to about 0.12 vLLM kept showing the last ones after all requests had been aborted,
until the next request (vllm-project/vllm#22545). Figures that move wrongly do: more and more requests deferred while
those running stand still (vllm-project/vllm#53130).
"""

from dataclasses import dataclass

from ..engines.errors import Cause
from ..engines.reading import Load, Reading
from .status import Finding

PROBES = 3
SECONDS = 30.0
"""Both must have passed. While a long prompt is read in, no token is counted for a while, and three confirming probes
take less than ten seconds."""

RISES = 2
"""So many probes must have seen more deferred requests than the one before."""

ENGINES = ("vllm",)
"""Those whose counters move with every step. Others count a request's tokens when it is over, so theirs may rest."""


@dataclass(frozen=True, slots=True)
class Still:
    """Probes in a row that saw requests under way and no progress."""

    probes: int = 0
    since: float = 0.0  # unix seconds of the first
    rises: int = 0  # of these, how many saw the deferred requests rise while those running stood still


def after(still: Still, before: Load, reading: Reading, engine: str) -> Still:
    """The probes in a row after this reading of an engine, `before` being the load of the probe before.

    None where that is not known, or where a canary has just got its token.
    """
    worked = reading.canary and reading.canary.tokens
    if reading.failure or worked or engine not in ENGINES:
        return Still()
    return count(still, before, reading.load, reading.at)


def count(still: Still, before: Load, now: Load, at: float) -> Still:
    """The probes in a row after one more, at `at` (unix seconds)."""
    held = None not in (before.running, before.deferred, now.deferred) and before.running == now.running
    step = (now.deferred or 0) - (before.deferred or 0) if held else -1
    if not _no_progress(before, now) or (not _rests(before, now) and step <= 0):
        return Still()
    rises = still.rises + (step > 0) if step >= 0 else 0
    return Still(still.probes + 1, still.since if still.probes else at, rises)


def _no_progress(before: Load, now: Load) -> bool:
    """The same process has requests, finished none and generated no token."""
    known = None not in (before.generation_tokens, now.generation_tokens)
    same = before.process_start == now.process_start and before.requests == now.requests
    return known and same and under_way(now) > 0 and before.generation_tokens == now.generation_tokens


def _rests(before: Load, now: Load) -> bool:
    """The KV cache must rest as well: it fills while a prompt is read in."""
    return not now.worked_since(before) and before.kv_cache_usage == now.kv_cache_usage


def under_way(load: Load) -> int:
    """Requests that are worked on or wait."""
    return (load.running or 0) + (load.waiting or 0) + (load.deferred or 0)


def long_enough(still: Still, at: float) -> bool:
    """Whether it has stood still for so long, at `at` (unix seconds), that it is worth a canary."""
    return still.probes >= PROBES and at - still.since >= SECONDS


def wedged(still: Still, load: Load, at: float) -> Finding | None:
    """A finding where figures move that must not while none moves that should."""
    if still.rises < RISES or not long_enough(still, at):
        return None
    detail = f"{load.deferred} requests deferred, more and more, while {load.running} run without a token"
    return Finding(Cause.WEDGED, "load", f"{detail} for {still.probes} probes")


def may_be_stuck(still: Still, load: Load, at: float) -> Finding | None:
    """What figures at rest come to when no canary could be asked."""
    if not long_enough(still, at):
        return None
    requests = under_way(load)
    noun = "request" if requests == 1 else "requests"
    return Finding(Cause.MAY_BE_STUCK, "load", f"{requests} {noun} under way, no token for {still.probes} probes")
