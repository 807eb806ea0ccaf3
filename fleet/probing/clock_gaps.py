"""What two ticks show about the time between them: had the watch stopped, or was the clock set?"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import F

from ..models import BlindStretch, EndpointState
from ..verdict import schedule

STILL_AFTER = 15.0
"""Seconds without a tick that are a gap in the history."""

JUMP = 5.0
"""Seconds by which the clock may move against the time that really passed."""

_GRID = ("endpoint__interval", "stretch")
STOPPED = "The watch had stopped"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Moment:
    """The same moment by the wall clock (unix seconds) and by a clock that nobody sets (seconds)."""

    wall: float
    steady: float


@dataclass(frozen=True, slots=True)
class Passed:
    """What happened between two ticks."""

    still: float = 0.0  # seconds without any tick; 0 when that is as usual
    jump: float = 0.0  # seconds by which the clock was set forward; 0 when it was not set


_last: dict[str, Moment] = {}
_noticing = threading.Lock()


def moment() -> Moment:
    """Now. The steady clock counts the time that the machine sleeps, where the system has such a clock."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return Moment(time.time(), time.clock_gettime(boot) if boot is not None else time.monotonic())


def passed(now: Moment, last: Moment | None, last_tick: float | None) -> Passed:
    """Compares now with this process's last tick, and with the last one of any process (unix seconds).

    A process that has not ticked yet can't distinguish a set clock from a pause, so it takes a gap for a pause.
    """
    since_any = now.wall - last_tick if last_tick is not None else None
    if last is None:
        return Passed(still=since_any or 0.0) if (since_any or 0.0) > STILL_AFTER else Passed()
    elapsed = now.steady - last.steady
    jump = now.wall - last.wall - elapsed
    if abs(jump) <= JUMP:
        jump = 0.0
    still = elapsed if since_any is None else min(elapsed, since_any - jump)
    return Passed(still if still > STILL_AFTER else 0.0, jump)


def notice(name: str, last_sign: Callable[[], float | None]) -> None:
    """Called with each sign of life of a part: notes in the history that it had stopped, and repairs due times
    after the clock was set.

    `last_sign` returns when any process gave this sign last, in unix seconds, if that is known. It is called only when
    this process gave none for long.
    """
    with _noticing:
        now, last = moment(), _last.get(name)
        long = last is None or now.steady - last.steady > STILL_AFTER
        what = passed(now, last, last_sign() if long else None)
        _last[name] = now
        if what.jump:
            way = "forward" if what.jump > 0 else "back"
            log.warning("The clock of this machine was set %s by %.0f s.", way, abs(what.jump))
        if what.jump < 0 or last is None:
            pull_back(now.wall)
        if what.jump > 0:
            _wait_afresh(now.wall, what.jump)
        if what.still:
            _note_gap(now.wall, what.still)


def _note_gap(now: float, seconds: float) -> None:
    began, ended = datetime.fromtimestamp(now - seconds, UTC), datetime.fromtimestamp(now, UTC)
    if BlindStretch.objects.filter(reason__startswith=STOPPED, ended_at__gt=began).exists():
        return  # another part that had stopped noticed it too
    reason = f"{STOPPED} for {seconds:.0f} s."
    log.warning("%s", reason)
    BlindStretch.objects.create(began_at=began, ended_at=ended, reason=reason)


def _wait_afresh(now: float, jump: float) -> None:
    """Takes back the seconds that did not pass: what became due by them was not due before the clock was set."""
    EndpointState.objects.filter(waiting_since__lt=now - jump / 2).update(waiting_since=None)
    behind = list(EndpointState.objects.filter(due_at__lt=now - jump / 2).values_list("pk", "due_at", *_GRID))
    _to_grid(now, behind)


def pull_back(now: float) -> int:
    """Puts due times that lie too far ahead back on the grid: the clock was set back. Returns how many."""
    EndpointState.objects.filter(waiting_since__gt=now + JUMP).update(waiting_since=None)
    ahead = EndpointState.objects.filter(due_at__gt=now + F("endpoint__interval") * F("stretch") + JUMP)
    rows = list(ahead.values_list("pk", "due_at", *_GRID))
    _to_grid(now, rows)
    if rows:
        log.warning("%d endpoints were due too far ahead; they are probed in their interval again.", len(rows))
    return len(rows)


def _to_grid(now: float, rows: Iterable[tuple[int, int, int, int]]) -> None:
    for pk, due_at, interval, stretch in rows:
        due = schedule.next_due(now, max(interval, 1) * stretch, str(pk))
        EndpointState.objects.filter(pk=pk, due_at=due_at).update(due_at=due)
