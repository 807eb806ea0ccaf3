"""What can go wrong on a call to a server, and the causes by which trouble is stored and shown.

    ProbeError                the base; carries a Cause, a detail and the step that broke
    |- Unreachable            no connection: name, route, port or TLS
    |- TimedOut               the wall-clock deadline of the probe passed
    |- TooCostly              an answer that is more work than any honest one
    `- BadAnswer              something answered, but not what it should be

What engines report of themselves is in fleet/engines/errors.py.
"""

from enum import StrEnum


class Cause(StrEnum):
    """Why an endpoint is not simply up. Stored, shown and filtered by these words."""

    NEW = "new"
    PAUSED = "paused"
    RESUMED = "resumed"
    DNS_FAILED = "dns_failed"
    CONNECTION_REFUSED = "connection_refused"
    NO_ROUTE = "no_route"
    ADDRESS_REFUSED = "address_refused"
    TLS_FAILED = "tls_failed"
    CONNECTION_LOST = "connection_lost"
    TIMED_OUT = "timed_out"
    ENGINE_DEAD = "engine_dead"
    SERVER_ERROR = "server_error"
    UNHEALTHY = "unhealthy"
    NOTHING_BEHIND = "nothing_behind"
    BACKEND_GONE = "backend_gone"
    TOO_LARGE = "too_large"
    REDIRECTED = "redirected"
    NOT_JSON = "not_json"
    WRONG_SHAPE = "wrong_shape"
    UNEXPECTED_STATUS = "unexpected_status"
    AUTH_REJECTED = "auth_rejected"
    BASIC_AUTH = "basic_auth"
    PROXY_REFUSED = "proxy_refused"
    LOGIN_PAGE = "login_page"
    WANTS_HTTPS = "wants_https"
    HOST_REJECTED = "host_rejected"
    RATE_LIMITED = "rate_limited"
    WRONG_ENGINE = "wrong_engine"
    NOT_RECOGNISED = "not_recognised"
    MODEL_MISSING = "model_missing"
    LOADING = "loading"
    ASLEEP = "asleep"
    SATURATED = "saturated"
    SLOW = "slow"
    CERTIFICATE = "certificate"
    WEDGED = "wedged"
    MAY_BE_STUCK = "may_be_stuck"
    STILL_LOADING = "still_loading"
    BLIND = "blind"
    NOT_PROBED = "not_probed"
    NOT_RECORDED = "not_recorded"


class ProbeError(Exception):
    """A probe could not learn what it asked for."""

    def __init__(self, cause: Cause, detail: str = "") -> None:
        super().__init__(detail or cause.value)
        self.cause = cause
        self.detail = detail
        self.step: str | None = None  # the innermost step of the ladder that it passed through


class Unreachable(ProbeError):
    """No connection: name, route, port or TLS."""


class TimedOut(ProbeError):
    """The wall-clock deadline of the probe passed."""


class TooCostly(ProbeError):
    """An answer that is more work than any honest one. No BadAnswer, after which other questions are asked."""


class BadAnswer(ProbeError):
    """Something answered, but not what it should be."""
