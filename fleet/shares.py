"""How much of the probe threads each team's endpoints need, and how often its share of them can probe each."""

import math
import time
from collections import defaultdict
from collections.abc import Iterable

from django.conf import settings

from .lanes import SLOW_AFTER
from .models import EndpointState

FRESH_FOR = 5.0
"""Seconds for which a process keeps what it worked out."""

FULL = 0.85
"""How much of its share a team's endpoints use. With more, some would wait past their time on a slow machine."""

LONGEST = 1000
"""An interval is stretched to so many times its length at most."""

Stretches = dict[tuple[int, bool], int]
"""(team, whether slow) -> by what whole number its endpoints' intervals are multiplied; 1 where it is not there."""

_kept: tuple[float, Stretches] = (-FRESH_FOR, {})


def smoothed(before: float, took: float) -> float:
    """How many seconds of a thread an endpoint's next probe is expected to need, after one that took so long.

    It rises at once and falls by halves, so that an endpoint that hangs every other time counts as one that hangs.
    Tenths of a second are enough, and change seldom.
    """
    return round(max(took, before / 2), 1)


def slow(seconds: float) -> bool:
    """Whether an endpoint whose probes are expected to take so long belongs into the slow lane."""
    return seconds > SLOW_AFTER


def stretches() -> Stretches:
    """By what each team's intervals are stretched now; one small query every FRESH_FOR seconds."""
    global _kept
    at, found = _kept
    if time.monotonic() - at > FRESH_FOR:
        rows = EndpointState.objects.filter(probe_seconds__gt=0, due_at__isnull=False).order_by()
        columns = ("endpoint__team_id", "endpoint__interval", "probe_seconds")
        found = worked_out(rows.values_list(*columns), settings.PROBE_THREADS)
        _kept = (time.monotonic(), found)
    return found


def worked_out(rows: Iterable[tuple[int, int, float]], slots: int) -> Stretches:
    """`rows`: team, interval and expected seconds of each endpoint; `slots`: of one lane, of which a team has half."""
    needed: dict[tuple[int, bool], float] = defaultdict(float)
    for team, interval, seconds in rows:
        needed[team, slow(seconds)] += seconds / max(interval, 1)
    share = max(slots // 2, 1) * FULL
    return {key: min(math.ceil(threads / share), LONGEST) for key, threads in needed.items() if threads > share}


def of_team(found: Stretches, team_id: int) -> int:
    """The longest stretch among a team's endpoints."""
    return max(found.get((team_id, lane), 1) for lane in (False, True))
