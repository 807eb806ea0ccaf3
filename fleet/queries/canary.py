"""What an endpoint's page says of its canary: how the last one went, and what they cost."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from ..models import Endpoint, EndpointState
from ..verdict import canary_due
from ..verdict.canary_memory import DAY, CanaryMemory


@dataclass(frozen=True, slots=True)
class CanaryLine:
    """The canary of one endpoint in words and figures."""

    at: datetime | None  # of the last one asked; None before the first
    model: str
    outcome: str  # "gave a token"
    ms: float | None
    reason: str  # where it gave none
    skipped_at: datetime | None  # set where the last one was skipped
    skipped_why: str
    ended: str  # the model for which they ended, as asking it made Ollama load it again
    every: int  # seconds
    asked: int  # today, as the three below
    skipped: int
    tokens: int
    seconds: float
    restarts_timer: bool  # Ollama's, that unloads an idle model
    rarely: bool  # less often than the team wants


def canary_line(endpoint: Endpoint, state: EndpointState) -> CanaryLine | None:
    """None where the endpoint has no canary."""
    if not endpoint.canary_models:
        return None
    last, engine = CanaryMemory.from_json(state.canary), state.engine or endpoint.engine
    today = last.on(int(time.time() // DAY))
    every = canary_due.every(endpoint.canary_every, engine, last)
    outcome, reason = _outcome(last)
    return CanaryLine(
        at=_moment(last.at),
        model=last.model,
        outcome=outcome,
        ms=last.ms,
        reason=reason,
        skipped_at=_moment(last.skipped_at) if last.skipped_at > last.at else None,
        skipped_why=last.why,
        ended=last.has_ended(state.facts.get("version"), endpoint.canary_models),
        every=every,
        asked=today.asked,
        skipped=today.skipped,
        tokens=today.tokens,
        seconds=today.ms_total / 1000,
        restarts_timer=engine == "ollama",
        rarely=every > endpoint.canary_every,
    )


def _outcome(last: CanaryMemory) -> tuple[str, str]:
    if last.note:
        return "could not be asked", last.note
    if last.cause:
        return "gave no token", last.detail.rstrip(".")
    return ("gave a token", "") if last.ok else ("gave no token then, and need not be asked again", "")


def _moment(at: float) -> datetime | None:
    return datetime.fromtimestamp(at, UTC) if at else None
