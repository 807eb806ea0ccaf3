"""When an endpoint is due. Pure: whole seconds on a grid, so nothing drifts and restarts change nothing."""

import hashlib

from ..engines.timeout import DEFAULT_TIMEOUT

CONFIRM_FIRST, CONFIRM_NEXT = 3, 2
"""Seconds to the probe that confirms a first failure or recovery, so that a blip of two seconds is silent, and to each
further one."""

CONFIRM_DEADLINE = 2.5
"""Seconds a confirming probe may take, unless the endpoint was given more than DEFAULT_TIMEOUT."""

SLOW_AFTER = 1.0
"""Seconds after which a probe is slow: it holds a thread for long."""

LONGEST = 86_400
"""Seconds of the longest interval."""


def phase(key: str, interval: int) -> int:
    """A stable second in 0..interval-1 for this key, so that endpoints spread evenly over the interval."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()) % interval


def next_due(now: float, interval: int, key: str) -> int:
    """The first whole second after `now` on the grid of this key: phase + n * interval (unix seconds).

    Raises ValueError for an interval that can't be one.
    """
    if not 0 < interval <= LONGEST:
        raise ValueError(f"An interval of {interval} s can't be scheduled: give 1 to {LONGEST}.")
    offset = phase(key, interval)
    return int((now - offset) // interval + 1) * interval + offset


def due_after(began: float, ended: float, grid_due: int, doubts: int) -> int:
    """When to probe next after a probe with these times (unix seconds).

    `doubts` is how many probes in a row by now speak against what we hold the endpoint to be. While there are
    any the next probe comes sooner than the grid; else the grid rules. The first wait starts when the doubt is
    known, the next ones when the confirming probe began: a server that hangs takes its time in each of them.
    """
    if doubts:
        soon = ended + CONFIRM_FIRST if doubts == 1 else max(began + CONFIRM_NEXT, ended)
        return min(grid_due, round(soon))
    return grid_due


def deadline(timeout: float, doubts: int) -> float:
    """Seconds the next probe may take in all; `doubts` as above.

    A confirming probe is cut to CONFIRM_DEADLINE, since its answer is already overdue: otherwise a hung
    server would not be known as down within ten seconds. Longer timeouts were asked for and are kept.
    """
    if doubts and timeout <= DEFAULT_TIMEOUT:
        return min(timeout, CONFIRM_DEADLINE)
    return timeout
