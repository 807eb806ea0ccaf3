"""What is done when: the values of the schedule, and what comes due."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """Work that is done every so many seconds, on whole ones of the clock: ticks never drift off the probes' grid."""

    words: str  # for /health/ready and the banner
    every: int  # seconds
    offset: int = 0  # seconds after a multiple of `every`, so that not all comes at once
    by_message: bool = False  # by its queue, since it shows that the queue's worker takes work


def due(schedule: Mapping[str, Work], after: float, until: float) -> list[str]:
    """The tasks that have a second of theirs in this stretch (unix seconds), or in which the clock was set back."""
    return [
        task
        for task, work in schedule.items()
        if (after - work.offset) // work.every != (until - work.offset) // work.every
    ]
