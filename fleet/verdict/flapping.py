"""When an endpoint comes and goes so often that not every turn is worth an alert. Pure: no I/O, no Django.

A turn is (unix seconds, whether it went into trouble). Turns are kept oldest first.
"""

from collections.abc import Sequence

Turn = Sequence[int]  # a tuple when it is made, a list when it comes from the database

OUTAGES = 3
WITHIN = 600
"""So many turns into trouble within so many seconds are flapping."""

OVER_AFTER = 300
"""Seconds without a turn after which it is over."""

AT_ONCE = 3
"""Alerts about an endpoint that are written without a wait within WITHIN seconds: down, up, down."""

KEPT = 40
"""Turns worth keeping: a turn takes at least one probe, and those in doubt come every 3 s, so these are two minutes."""


def turned(turns: Sequence[Turn], trouble: bool, at: float) -> tuple[Turn, ...]:
    """The latest turns, with one more at `at` (unix seconds) when `trouble` is not what the last one led to."""
    before = bool(turns and turns[-1][1])
    return tuple(turns) if trouble == before else (*turns, (int(at), int(trouble)))[-KEPT:]


def flapping(turns: Sequence[Turn], now: float) -> bool:
    """Whether these turns are flapping at `now` (unix seconds).

    Turns of the future, left by a clock that was set back, do not count: they would keep it flapping for long.
    """
    past = [turn for turn in turns if turn[0] <= now]
    outages = [at for at, trouble in past if trouble]
    if len(outages) < OUTAGES or now - past[-1][0] >= OVER_AFTER:
        return False
    return outages[-1] - outages[-OUTAGES] <= WITHIN


def waits(turns: Sequence[Turn], alerts: int, now: float, alert_after: float) -> bool:
    """Whether an alert about the latest turn waits until what it led to has lasted `alert_after` seconds.

    `alerts` is how many about turns were written in the last WITHIN seconds. While there are few, trouble goes on
    over recoveries that are shorter than `alert_after`, so that endless flapping is alerted as well.
    """
    few = alerts < AT_ONCE
    if few and not flapping(turns, now):
        return False
    past = [turn for turn in turns if turn[0] <= now]
    last = len(past) - 1
    while few and last >= 2 and past[last][1] and past[last][0] - past[last - 1][0] < alert_after:
        last -= 2
    return last >= 0 and now - past[last][0] < alert_after
