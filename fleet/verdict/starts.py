"""How long a start may take, learned from earlier ones. Pure: no I/O, no Django.

A start is a stretch of probes, from the first one that found the server starting to the first that did not. Some
servers say that they are loading. Others (engines.registry.LISTENS_LATE) take no connections until they have loaded,
so that a refused connection may be a start or a crash: it counts as a start for as long as starts are known to take.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..engines.errors import Cause
from .status import Finding, Status

SHORTEST, LONGEST = 30.0, 3600.0
"""Seconds: the limits of a learned allowance. A longer start than LONGEST is not learned from."""

UNKNOWN = 600.0
"""Seconds given to a server that says it is loading, while nothing is known of earlier starts."""

MARGIN = 1.5
"""So many times the longest known start is allowed."""

KEPT = 5


@dataclass(frozen=True, slots=True)
class Stretch:
    """A start under way."""

    since: int  # unix seconds of the first probe that found it starting
    said: bool  # each probe so far heard from the server itself that it is loading


@dataclass(frozen=True, slots=True)
class Habits:
    """What is known of an endpoint's starts before a probe."""

    starts: tuple[int, ...] = ()  # seconds that the latest ones took
    within: int | None = None  # seconds set by the team; 0: no grace; None: learned
    listens_late: bool = False

    def allowed(self, said: bool) -> float:
        """Seconds that a start may take. `said`: the server itself says that it is loading."""
        if self.within is not None:
            return self.within
        if self.starts:
            return min(LONGEST, max(SHORTEST, MARGIN * max(self.starts)))
        return UNKNOWN if said else 0


def weigh(
    finding: Finding, habits: Habits, stretch: Stretch | None, fine: bool, at: float
) -> tuple[Finding, Stretch | None]:
    """What a finding means in the light of earlier starts, and the stretch that goes on from it.

    `fine`: the endpoint is not in trouble so far, so that a refused connection may be the beginning of a start.
    A stretch that broke in a crash goes on: a server that crashes as it loads, again and again, uses its time up.
    """
    said = finding.cause is Cause.LOADING
    refused = finding.cause is Cause.CONNECTION_REFUSED and habits.listens_late and (fine or stretch is not None)
    allowed = habits.allowed(said)
    if not said and not (refused and allowed):
        return finding, _goes_on(finding, stretch)
    stretch = replace(stretch, said=stretch.said and said) if stretch else Stretch(int(at), said)
    if at - stretch.since < allowed:
        return (finding if said else _refuses_yet(finding, habits)), stretch
    detail = f"longer than the {allowed:.0f} s that its start is given; {finding.detail}".rstrip("; ")
    return replace(finding, cause=Cause.STILL_LOADING if said else finding.cause, detail=detail), stretch


def _goes_on(finding: Finding, stretch: Stretch | None) -> Stretch | None:
    """A probe that failed on our side shows nothing; what is down may still be starting; all else is past its start."""
    if stretch is None or finding.cause is Cause.BLIND:
        return stretch
    return replace(stretch, said=False) if finding.status is Status.DOWN else None


def _refuses_yet(finding: Finding, habits: Habits) -> Finding:
    refused = "It refuses connections, as it does while starting"
    known = f"earlier starts took up to {max(habits.starts)} s" if habits.starts and habits.within is None else ""
    known = known or f"its starts are given {habits.allowed(False):.0f} s"
    return replace(finding, cause=Cause.LOADING, detail=f"{refused}; {known}.")


def learned(
    starts: Sequence[int],
    *,
    at: float,
    process_start: float | None,
    answered_before: float | None,
    stretch: Stretch | None,
) -> tuple[int, ...]:
    """The lengths of the latest starts (seconds) after a probe at `at` that found the endpoint working.

    `answered_before`: when it had last answered, if it refused or was loading since; else None. A process younger than
    that was started in between, and reports by itself how long ago. Else the stretch shows it, if the server said
    throughout that it was loading.
    """
    took = None
    if process_start is not None and answered_before is not None and answered_before < process_start < at:
        took = at - process_start
    elif stretch is not None and stretch.said:
        took = at - stretch.since
    if took is None or not 0 < took <= LONGEST:
        return tuple(starts)
    return (*starts, round(took))[-KEPT:]
