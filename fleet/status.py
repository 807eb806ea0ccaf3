"""What we hold an endpoint to be, decided from what its probes found. Pure: no I/O, no Django."""

from dataclasses import dataclass, replace
from enum import StrEnum

from .engines.errors import Cause
from .engines.reading import Reading


class Status(StrEnum):
    """The closed set of statuses, most urgent first."""

    DOWN = "down"
    DEGRADED = "degraded"
    BUSY = "busy"
    LOADING = "loading"
    ASLEEP = "asleep"
    UP = "up"
    UNKNOWN = "unknown"


TROUBLE = frozenset({Status.DOWN, Status.DEGRADED})
"""The statuses that open an incident. All others but unknown resolve it."""

_STATUS_OF_CAUSE = {
    Cause.LOADING: Status.LOADING,
    Cause.ASLEEP: Status.ASLEEP,
    Cause.SATURATED: Status.BUSY,
    Cause.NEW: Status.UNKNOWN,
    Cause.PAUSED: Status.UNKNOWN,
    **dict.fromkeys(
        (
            Cause.DNS_FAILED,
            Cause.CONNECTION_REFUSED,
            Cause.NO_ROUTE,
            Cause.TLS_FAILED,
            Cause.CONNECTION_LOST,
            Cause.TIMED_OUT,
            Cause.ENGINE_DEAD,
            Cause.SERVER_ERROR,
        ),
        Status.DOWN,
    ),
}


def status_of(cause: Cause | None) -> Status:
    """The status a cause stands for; no cause is up, any cause not named otherwise is degraded."""
    return Status.UP if cause is None else _STATUS_OF_CAUSE.get(cause, Status.DEGRADED)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one probe by itself says: a cause (None when all is well), where, and the detail."""

    cause: Cause | None = None
    step: str = ""
    detail: str = ""

    @property
    def status(self) -> Status:
        return status_of(self.cause)


@dataclass(frozen=True, slots=True)
class Standing:
    """What we hold the endpoint to be, and the counts that will change it."""

    status: Status = Status.UNKNOWN
    cause: Cause | None = Cause.NEW
    step: str = ""
    detail: str = ""
    failures: int = 0  # probes in a row that found trouble of any kind
    downs: int = 0  # of these the last ones in a row that found it down
    successes: int = 0  # probes in a row that did not


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How many probes in a row change our mind; both at least 1."""

    fail_after: int = 3
    recover_after: int = 2


def find(reading: Reading, expected_models: tuple[str, ...] = ()) -> Finding:
    """What a reading by itself says about the endpoint."""
    if reading.failure:
        return Finding(reading.failure.cause, reading.failure.step, reading.failure.detail)
    if reading.load.sleep_state not in (None, "awake"):
        return Finding(Cause.ASLEEP, "load", reading.load.sleep_state or "")
    if missing := missing_models(expected_models, tuple(m.name for m in reading.facts.models)):
        return Finding(Cause.MODEL_MISSING, "models", ", ".join(missing))
    if reading.load.waiting:
        return Finding(Cause.SATURATED, "load", f"{reading.load.waiting} waiting")
    return Finding()


def missing_models(expected: tuple[str, ...], offered: tuple[str, ...]) -> tuple[str, ...]:
    """The expected names that are not offered. "x" is met by "x:latest", Ollama's way of naming."""
    names = {name.lower() for name in offered}
    return tuple(e for e in expected if e.lower() not in names and f"{e.lower()}:latest" not in names)


def decide(standing: Standing, finding: Finding, thresholds: Thresholds) -> Standing:
    """The standing after one more finding.

    Trouble is believed after `fail_after` findings in a row, its end after `recover_after`. Until then
    the old status stands, with the counts moved. What is not trouble (up, busy, loading, asleep) is
    believed at once, unless trouble has to be taken back first.
    """
    if finding.status in TROUBLE:
        counted = replace(
            standing,
            failures=standing.failures + 1,
            downs=standing.downs + 1 if finding.status is Status.DOWN else 0,
            successes=0,
        )
        return _settle(counted, finding) if _believed(counted, finding, thresholds) else counted
    counted = replace(standing, failures=0, downs=0, successes=standing.successes + 1)
    if standing.status in TROUBLE and counted.successes < thresholds.recover_after:
        return counted
    return _settle(counted, finding)


def doubts(standing: Standing) -> int:
    """How many probes in a row speak against the standing without having changed it yet."""
    if standing.status in TROUBLE:
        return standing.successes
    return standing.failures


def _believed(counted: Standing, finding: Finding, thresholds: Thresholds) -> bool:
    """Degraded turns to down only when down itself is confirmed, since that is a mail of its own."""
    if finding.status is Status.DOWN:
        return counted.status is Status.DOWN or counted.downs >= thresholds.fail_after
    return counted.status in TROUBLE or counted.failures >= thresholds.fail_after


def _settle(standing: Standing, finding: Finding) -> Standing:
    return replace(standing, status=finding.status, cause=finding.cause, step=finding.step, detail=finding.detail)
