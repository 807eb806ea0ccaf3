"""What a reading says about an endpoint in the light of its state row, and what the row keeps of it."""

from dataclasses import asdict
from datetime import UTC, datetime

from . import canaries
from .engines.errors import Cause
from .engines.reading import Reading
from .engines.registry import LISTENS_LATE
from .flapping import turned
from .models import BlindStretch, Endpoint, EndpointState
from .starts import Habits, Stretch, learned, weigh
from .status import TROUBLE, Finding, Standing, Status, Thresholds, find
from .watch.blindness import suspicious


def judge(state: EndpointState, reading: Reading) -> Finding:
    """The finding to decide on. Moves what the row knows of starts and canaries; to be called before it learns more."""
    endpoint = state.endpoint
    finding = find(reading, tuple(endpoint.expected_models), endpoint.slow_after)
    finding = canaries.learn(state, reading, finding)
    finding = _as_start(state, reading, finding)
    ours = finding.status in TROUBLE and suspicious(finding.cause or "", finding.step)
    if ours and (blind := BlindStretch.current()):
        return Finding(Cause.BLIND, finding.step, blind.reason)
    return finding


def _as_start(state: EndpointState, reading: Reading, finding: Finding) -> Finding:
    stretch = Stretch(**state.starting) if state.starting else None
    late = (state.endpoint.engine or state.engine) in LISTENS_LATE
    habits = Habits(tuple(state.starts), state.endpoint.start_within, late)
    if reading.failure is None:
        state.starts = learned(
            state.starts,
            at=reading.at,
            process_start=reading.load.process_start,
            answered_before=_answered_before(state, stretch),
            stretch=stretch,
        )
    finding, stretch = weigh(finding, habits, stretch, state.status not in TROUBLE, reading.at)
    state.starting = asdict(stretch) if stretch else {}
    return finding


def _answered_before(state: EndpointState, stretch: Stretch | None) -> float | None:
    """When it had last answered (unix seconds), if the look after that refused or was of a start; else None."""
    refused = any(exchange.get("error") == Cause.CONNECTION_REFUSED for exchange in state.ladder[-1:])
    return state.seen_at.timestamp() if state.seen_at and (refused or stretch) else None


def thresholds_of(endpoint: Endpoint) -> Thresholds:
    """What the team set."""
    return Thresholds(endpoint.fail_after, endpoint.recover_after, endpoint.fail_of, endpoint.fail_for)


def standing_of(state: EndpointState) -> Standing:
    """The part of a state row that `status.decide` works on."""
    return Standing(
        Status(state.status),
        Cause(state.cause) if state.cause else None,
        state.step,
        state.detail,
        state.failures,
        state.downs,
        state.successes,
        state.recent,
        state.failing_since.timestamp() if state.failing_since else None,
    )


def settle(state: EndpointState, after: Standing, at: datetime) -> None:
    """Takes a standing over into the row."""
    if after.failing_since is not None:
        state.failing_since = datetime.fromtimestamp(after.failing_since, UTC)
    if after.status is not Status.UNKNOWN:
        trouble = after.status in TROUBLE
        state.turns = turned(state.turns, trouble, after.failing_since or at.timestamp() if trouble else at.timestamp())
    if after.status != state.status:
        state.since = state.failing_since if after.status in TROUBLE else at
        state.regrouped_at = datetime.now(UTC)
    state.status, state.cause, state.step = after.status, after.cause or "", after.step
    state.detail = after.detail[:500]
    state.failures, state.downs, state.successes = after.failures, after.downs, after.successes
    state.recent = after.recent
