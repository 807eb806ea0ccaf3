"""Which alerts go together in one message. Pure: no I/O, no Django."""

from dataclasses import dataclass

WINDOW, DOUBTFUL_WINDOW = 0.5, 2.0
"""Seconds without a new alert after which a group counts as complete; the second where the trouble may be the monitor's
own, which checks itself meanwhile."""

MOST = 60.0
"""Seconds that an alert waits for others at most."""

DOUBT = 15.0
"""Seconds for which an endpoint whose trouble (or recovery) is still being confirmed holds up its team's alerts."""


@dataclass(frozen=True, slots=True)
class Group:
    """The alerts for one recipient that could go out, and what is going on around them. Ages are in seconds."""

    oldest: float
    newest: float
    window: float  # WINDOW or DOUBTFUL_WINDOW
    forming: bool  # endpoints of the team are in doubt right now, or those that show a storm were not probed
    recoveries: bool  # nothing but recoveries
    partners_open: bool  # incidents of the same message are still open, or their ends not alerted


def ready(group: Group) -> bool:
    """Whether the group goes out now.

    A lone outage waits for its window only. In a storm some endpoint is always in doubt until the last one was probed:
    so the whole of it makes one message; and those that went down together are reported back together.
    """
    if group.oldest >= MOST:
        return True
    if group.forming or group.newest < group.window:
        return False
    return not (group.recoveries and group.partners_open)
