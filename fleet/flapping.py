"""Whether an endpoint comes and goes so often that each turn is no news. Pure: no I/O, no Django."""

from collections.abc import Sequence

TURNS = 3
WITHIN = 600
"""So many turns into trouble and out of it within so many seconds are flapping."""

CALM_AFTER = 300
"""Seconds without a turn after which it is over."""

KEPT = 12
"""Turns worth keeping."""


def turned(turns: Sequence[int], at: float) -> list[int]:
    """The latest turns with one more at `at` (unix seconds)."""
    return [*turns, int(at)][-KEPT:]


def flapping(turns: Sequence[int], now: float) -> bool:
    """Whether these turns (unix seconds, oldest first) are flapping at `now`.

    Turns of the future, left by a clock that was set back, do not count: they would keep it flapping for long.
    """
    past = [turn for turn in turns if turn <= now]
    if len(past) < TURNS or now - past[-1] >= CALM_AFTER:
        return False
    return past[-1] - past[-TURNS] <= WITHIN
