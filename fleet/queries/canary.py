"""What an endpoint's page says of its canary: how the last one went, and what they cost."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from .. import canaries, canary_limits
from ..models import Endpoint, EndpointState


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
    today = canaries.today(endpoint, state, time.time())
    if today is None:
        return None
    last, engine = state.canary, state.engine or endpoint.engine
    every = canary_limits.every(endpoint.canary_every, engine, last)
    asked_at, skipped_at = last.get("at") or 0, last.get("skipped_at") or 0
    outcome, reason = _outcome(last)
    return CanaryLine(
        at=_moment(asked_at),
        model=last.get("model", ""),
        outcome=outcome,
        ms=last.get("ms"),
        reason=reason,
        skipped_at=_moment(skipped_at) if skipped_at > asked_at else None,
        skipped_why=last.get("why", ""),
        ended=canary_limits.has_ended(last, state.facts.get("version"), endpoint.canary_models),
        every=every,
        asked=today["asked"],
        skipped=today["skipped"],
        tokens=today["tokens"],
        seconds=today["ms_total"] / 1000,
        restarts_timer=engine == "ollama",
        rarely=every > endpoint.canary_every,
    )


def _outcome(last: dict) -> tuple[str, str]:
    if last.get("note"):
        return "could not be asked", last["note"]
    if last.get("cause"):
        return "gave no token", last.get("detail", "").rstrip(".")
    return ("gave a token", "") if last.get("ok") else ("gave no token then, and need not be asked again", "")


def _moment(at: float) -> datetime | None:
    return datetime.fromtimestamp(at, UTC) if at else None
