"""The same figures before a change of a server and after it, over windows of equal length."""

from dataclasses import dataclass

from .judge import Case, window
from .verdict import Signal, Verdict
from .window import DAY

LEAST = 3600
"""Seconds on each side, at least."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure on both sides of the change; None where it was not measured on one."""

    words: str
    before: Signal | None
    after: Signal | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a change did, for one model or for the whole server."""

    at: int  # unix seconds
    seconds: int  # of each window
    before: Verdict
    after: Verdict
    figures: tuple[Compared, ...]


def compare(case: Case, at: int) -> tuple[Comparison, ...]:
    """What changed by a change `at` (unix seconds): for each model with figures on both sides.

    The windows end at the change and begin at it, as long as what came after it, a verdict's window at most. Empty
    while one of them is too short.
    """
    first = min((row.start for row in case.rows), default=at)
    length = min(case.until - at, at - first, case.limits.window_days * DAY)
    if length < LEAST:
        return ()
    before = {found.model: found for found in window(case, at - length, at)}
    after = {found.model: found for found in window(case, at, at + length)}
    both = [model for model in after if model in before and before[model].probes and after[model].probes]
    return tuple(Comparison(at, length, before[m], after[m], _figures(before[m], after[m])) for m in sorted(both))


def _figures(before: Verdict, after: Verdict) -> tuple[Compared, ...]:
    """Without what the team states: it is known of today alone."""
    old, new = ({each.words: each for each in side.signals if each.samples} for side in (before, after))
    return tuple(Compared(words, old.get(words), new.get(words)) for words in {**old, **new})
