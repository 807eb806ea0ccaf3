"""What can go wrong while we ask an endpoint how it is.

    ProbeError                the base; carries a Cause, a detail and the step that broke
    |- Unreachable            no connection: name, route, port or TLS
    |- TimedOut               the wall-clock deadline of the probe passed
    |- TooCostly              an answer that is more work than any honest one
    |- BadAnswer              something answered, but not what it should be
    |  `- Bug                 an engine module stumbled over it
    |- Rejected               a clear no: key, host name, rate or another HTTP status
    `- NotReady               it says so itself: loading, asleep, engine dead

The rest of the code matches on these names, or on the Cause alone.
"""

from core.http.errors import BadAnswer, Cause, ProbeError, TimedOut, TooCostly, Unreachable

__all__ = ["BadAnswer", "Bug", "Cause", "NotReady", "ProbeError", "Rejected", "TimedOut", "TooCostly", "Unreachable"]


class Rejected(ProbeError):
    """A clear no: key, host name, rate or another HTTP status."""


class NotReady(ProbeError):
    """The server itself says that it is loading, asleep or dead."""


class Bug(BadAnswer):
    """An engine module stumbled over an answer it did not foresee."""
