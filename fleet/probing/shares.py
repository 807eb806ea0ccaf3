"""How much of the probe threads each team's endpoints need, and how often its share of them can probe each."""

import math
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress

from django.db.models import Count

from ..models import EndpointState
from ..verdict.schedule import SLOW_AFTER
from . import capacity

FRESH_FOR = 5.0
"""Seconds for which a process keeps what it worked out."""

FULL = 0.85
"""How much of its share a team's endpoints use. With more, some would wait past their time on a slow machine."""

LONGEST_PROBE = 3600.0
"""Seconds; no probe takes longer."""

LONGEST = 1000
"""An interval is stretched to so many times its length at most."""

Stretches = dict[tuple[int, bool], float]
"""(team, whether slow) -> by what its endpoints' intervals are multiplied on average; 1 where it is not there."""

_kept: tuple[float, Stretches] = (-FRESH_FOR, {})


def smoothed(before: float, took: float) -> float:
    """How many seconds of a thread an endpoint's next probe is expected to need, after one that took so long.

    It rises at once and falls slowly, so that an endpoint that hangs every other time counts as one that hangs.
    Tenths of a second are enough, and change seldom.
    """
    return round(max(took, before * 0.7), 1)


def slow(seconds: float) -> bool:
    """Whether an endpoint whose probes are expected to take so long belongs into the slow lane."""
    return seconds > SLOW_AFTER


def stretches() -> Stretches:
    """By what each team's intervals are stretched now, with the threads of all workers that live.

    One small query every FRESH_FOR seconds.
    """
    global _kept
    at, found = _kept
    if time.monotonic() - at > FRESH_FOR:
        rows = EndpointState.objects.watched().filter(probe_seconds__gt=0).order_by()
        columns = ("endpoint__team_id", "endpoint__interval", "probe_seconds")
        alike = rows.values_list(*columns).annotate(many=Count("pk"))
        found = worked_out(alike, sum(capacity.workers(time.time())))
        _kept = (time.monotonic(), found)
    return found


def worked_out(rows: Iterable[tuple[int, int, float, int]], slots: int) -> Stretches:
    """`rows`: team, interval and expected seconds of endpoints, and of how many; `slots`: of one lane."""
    needed: dict[bool, dict[int, float]] = {False: defaultdict(float), True: defaultdict(float)}
    for team, interval, seconds, many in rows:
        with suppress(TypeError):  # a restored row may have anything there
            seconds = min(max(0.0, seconds), LONGEST_PROBE)
            needed[slow(seconds)][team] += many * seconds / max(interval, 1)
    found: Stretches = {}
    for lane, teams in needed.items():
        share = share_of(teams.values(), slots * FULL)
        found |= {(team, lane): min(threads / share, LONGEST) for team, threads in teams.items() if threads > share}
    return found


def share_of(needs: Iterable[float], slots: float) -> float:
    """How many of the slots a team gets that needs more, where the teams need so many; infinite where none does.

    By the rule of lanes.py: what those leave that need less is divided among the others, with one part kept free.
    """
    left, ordered = slots, sorted(needs)
    for index, need in enumerate(ordered):
        share = left / (len(ordered) - index + 1)
        if need > share:
            return share
        left -= need
    return math.inf


def of_team(found: Stretches, team_id: int) -> float:
    """The longest stretch among a team's endpoints."""
    return max(found.get((team_id, lane), 1) for lane in (False, True))
