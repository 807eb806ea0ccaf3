"""What we hold an endpoint to be, decided from what its probes found. Pure: no I/O, no Django."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from ..engines.errors import Cause
from ..engines.reading import Reading


class Status(StrEnum):
    """The closed set of statuses, most urgent first."""

    DOWN = "down"
    DEGRADED = "degraded"
    BUSY = "busy"
    LOADING = "loading"
    ASLEEP = "asleep"
    UP = "up"
    UNKNOWN = "unknown"
    PAUSED = "paused"


TROUBLE = frozenset({Status.DOWN, Status.DEGRADED})
"""The statuses that open an incident. All others but unknown and paused resolve it."""

_STATUS_OF_CAUSE = {
    Cause.LOADING: Status.LOADING,
    Cause.ASLEEP: Status.ASLEEP,
    Cause.SATURATED: Status.BUSY,
    Cause.NEW: Status.UNKNOWN,
    Cause.RESUMED: Status.UNKNOWN,
    Cause.PAUSED: Status.PAUSED,
    Cause.BLIND: Status.UNKNOWN,
    Cause.NOT_PROBED: Status.UNKNOWN,
    Cause.NOT_RECORDED: Status.UNKNOWN,
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
            Cause.UNHEALTHY,
            Cause.NOTHING_BEHIND,
            Cause.WEDGED,
            Cause.STILL_LOADING,
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
    recent: int = 0  # the last WINDOW findings as bits, the newest lowest; 1: trouble
    failing_since: float | None = None  # unix seconds of the first failure that still counts


WINDOW = 20
"""How many findings are remembered for m of n."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What changes our mind; fail_after and recover_after are at least 1."""

    fail_after: int = 3
    recover_after: int = 2
    fail_of: int = 0  # trouble is fail_after failures among so many findings, at most WINDOW; 0: in a row
    fail_for: float = 0  # seconds that must have passed as well since the first of these failures


CERTIFICATE_DAYS = 3
"""A certificate that ends within so many days is trouble."""


def find(reading: Reading, expected_models: tuple[str, ...] = (), slow_after: int | None = None) -> Finding:
    """What a reading by itself says about the endpoint; an answer that takes more than `slow_after` ms is trouble."""
    if reading.failure:
        return Finding(reading.failure.cause, reading.failure.step, reading.failure.detail)
    if reading.load.asleep:
        return Finding(Cause.ASLEEP, "load", reading.load.sleep_state or "")
    if behind := _gone_behind(reading):
        return behind
    if missing := missing_models(expected_models, tuple(m.name for m in reading.facts.models)):
        return Finding(Cause.MODEL_MISSING, "models", ", ".join(missing))
    if ends := _certificate_ends(reading):
        return Finding(Cause.CERTIFICATE, detail=ends)
    if slow_after and (reading.latency_ms or 0) > slow_after:
        return Finding(Cause.SLOW, detail=f"{reading.latency_ms:.0f} ms, limit {slow_after} ms")
    if reading.load.waiting:
        return Finding(Cause.SATURATED, "load", f"{reading.load.waiting} waiting")
    return Finding()


def _certificate_ends(reading: Reading) -> str:
    """When the certificate ends, in words; empty while there is time."""
    if reading.certificate_until is None or reading.certificate_until - reading.at > CERTIFICATE_DAYS * 86_400:
        return ""
    word = "expires" if reading.certificate_until > reading.at else "expired"
    return f"{word} on {datetime.fromtimestamp(reading.certificate_until, UTC):%Y-%m-%d at %H:%M} UTC"


def _gone_behind(reading: Reading) -> Finding | None:
    """What a gateway shows of the servers behind it: trouble when one is gone, an outage when all are."""
    behind = reading.facts.behind
    gone = [backend.name for backend in behind if backend.healthy is False]
    if not gone:
        return None
    names = ", ".join(gone[:3]) + (f" and {len(gone) - 3} more" if len(gone) > 3 else "")
    if len(gone) == len(behind):
        return Finding(Cause.NOTHING_BEHIND, "load", f"{len(gone)} of {len(behind)} gone: {names}")
    return Finding(Cause.BACKEND_GONE, "load", f"{len(gone)} of {len(behind)} gone: {names}")


def missing_models(expected: tuple[str, ...], offered: tuple[str, ...]) -> tuple[str, ...]:
    """The expected names that are not offered. "x" is met by "x:latest", Ollama's way of naming."""
    names = {name.lower() for name in offered}
    return tuple(e for e in expected if e.lower() not in names and f"{e.lower()}:latest" not in names)


def decide(standing: Standing, finding: Finding, thresholds: Thresholds, at: float) -> Standing:
    """The standing after one more finding at `at` (unix seconds).

    Trouble is believed after `fail_after` findings in a row or among `fail_of`, once `fail_for` has passed too. Its
    end is believed after `recover_after` in a row, with m of n once too few failures are left among the last n. Until
    then the old status stands, with the counts moved. What is not trouble (up, busy, loading, asleep) is believed at
    once, unless trouble has to be taken back first.

    A finding that the monitor is blind moves no count. Trouble that is believed stays, and with it its incident:
    the next probes go on with it, or take it back like any other. All else is unknown until the next probe.
    """
    if finding.cause is Cause.BLIND:
        return standing if standing.status in TROUBLE else _settle(standing, finding)
    counted = _count(standing, finding, thresholds, at)
    if finding.status in TROUBLE:
        return _settle(counted, finding) if _believed(counted, finding, thresholds, at) else counted
    if standing.status in TROUBLE and not _taken_back(counted, thresholds):
        return counted
    return _settle(counted, finding)


def doubts(standing: Standing, thresholds: Thresholds) -> int:
    """How many probes in a row speak against the standing without having changed it yet.

    After twice as many as it takes in a row it is not they that are missing, but time or the older failures' end:
    then there is no more hurry, and no doubt.
    """
    if standing.status in TROUBLE:
        against, enough = standing.successes, thresholds.recover_after
    else:
        against, enough = standing.failures, thresholds.fail_after
    return against if against <= 2 * enough else 0


def _count(standing: Standing, finding: Finding, thresholds: Thresholds, at: float) -> Standing:
    trouble = finding.status in TROUBLE
    recent = (standing.recent << 1 | trouble) & ((1 << WINDOW) - 1)
    if trouble:
        earlier = _failed(standing.recent, thresholds) if thresholds.fail_of else standing.failures
        return replace(
            standing,
            recent=recent,
            failures=standing.failures + 1,
            downs=standing.downs + 1 if finding.status is Status.DOWN else 0,
            successes=0,
            failing_since=standing.failing_since if earlier and standing.failing_since is not None else at,
        )
    # With m of n a good finding in between does not make the failures before it undone.
    kept = standing.downs if thresholds.fail_of and _failed(recent, thresholds) else 0
    return replace(standing, recent=recent, failures=0, downs=kept, successes=standing.successes + 1)


def _failed(recent: int, thresholds: Thresholds) -> int:
    """How many of the last `fail_of` findings were trouble."""
    return (recent & ((1 << thresholds.fail_of) - 1)).bit_count()


def _believed(counted: Standing, finding: Finding, thresholds: Thresholds, at: float) -> bool:
    """Degraded turns to down only when down itself is confirmed, since that is a mail of its own."""
    if counted.status is Status.DOWN or (counted.status is Status.DEGRADED and finding.status is Status.DEGRADED):
        return True
    since = at if counted.failing_since is None else counted.failing_since
    if thresholds.fail_for and at - since < thresholds.fail_for:
        return False
    failed, downs = counted.failures, counted.downs
    if thresholds.fail_of:
        failed = _failed(counted.recent, thresholds)
        downs = min(downs, failed)  # exact: of the failures in the window, the newest ones were down
    return (downs if finding.status is Status.DOWN else failed) >= thresholds.fail_after


def _taken_back(counted: Standing, thresholds: Thresholds) -> bool:
    enough = counted.successes >= thresholds.recover_after
    return enough and (not thresholds.fail_of or _failed(counted.recent, thresholds) < thresholds.fail_after)


def _settle(standing: Standing, finding: Finding) -> Standing:
    return replace(standing, status=finding.status, cause=finding.cause, step=finding.step, detail=finding.detail)
