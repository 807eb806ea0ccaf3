"""The probe ladder as a page shows it: each step ok, failed, skipped, not reached or without an answer. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from ..engines.reading import STEPS

MEANINGS = {
    "connect": "name, port and TLS",
    "identify": "which engine it is",
    "health": "health endpoint",
    "models": "model list",
    "load": "load metrics",
    "canary": "one token, to see it work",
}
_CONNECT_PHASES = ("dns_ms", "connect_ms", "tls_ms")


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder in one probe."""

    step: str
    meaning: str
    outcome: str  # "ok", "no answer", "failed", "not reached", "skipped"
    ms: float | None = None
    requests: tuple[str, ...] = ()
    why: str = ""  # where it failed


def climb(
    exchanges: Sequence[dict[str, Any]],
    broken: str = "",
    why: str = "",
    known: Collection[str] = (),
    missing: Collection[str] = (),
) -> list[Rung]:
    """The rungs of one probe from its exchanges (as stored), the step that failed ("" for none) and why.

    `known` are steps whose answers came along with another step's request, `missing` those with a question that got no
    good answer. The canary is a rung only where one was
    asked or has failed: most endpoints have none.
    """
    if not exchanges and not broken:
        return []
    edge = STEPS.index(broken) if broken in STEPS else len(STEPS)
    rungs = [_rung(step, i, edge, exchanges, why, step in known, step in missing) for i, step in enumerate(STEPS)]
    return [rung for rung in rungs if rung.step != "canary" or rung.requests or rung.outcome == "failed"]


def _rung(
    step: str, place: int, edge: int, exchanges: Sequence[dict[str, Any]], why: str, known: bool, missing: bool
) -> Rung:
    own = [e for e in exchanges if e.get("step") == step]
    ms = _connect_ms(exchanges) if step == "connect" else _sum(e.get("total_ms") for e in own)
    if place > edge:
        outcome = "not reached"
    elif place == edge:
        outcome = "failed"
    elif missing:
        outcome = "no answer"
    else:
        outcome = "ok" if own or known or step == "connect" else "skipped"
    requests = tuple(dict.fromkeys(e.get("request", "") for e in own))
    return Rung(step, MEANINGS[step], outcome, ms, requests, why if outcome == "failed" else "")


def _connect_ms(exchanges: Sequence[dict[str, Any]]) -> float | None:
    """Milliseconds to open the connection; requests that went over an open one have no such times."""
    return _sum(e.get(phase) for e in exchanges for phase in _CONNECT_PHASES)


def _sum(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
