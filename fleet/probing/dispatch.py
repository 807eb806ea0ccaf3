"""From the tick of the clock to tasks that probe what is due, and the signs of life that /health/ready reads."""

import math
import time
from collections.abc import Container
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial

from celery import current_app
from django.db.models import DateTimeField

from core import broker, clock, prepared, signs_of_life

from ..alerts import storms
from ..models import BlindStretch, EndpointState
from ..self_check import blind_stretches
from ..verdict import monitor_blind
from . import capacity, claims, clock_gaps, overdue
from .probe_counts import counts

BATCH = 50
"""Endpoints of one message at most."""

COUNTED_FOR = 5
"""Seconds for which the live workers are counted once."""

AHEAD = 2 * clock.EARLY
"""Seconds by which a tick claims before the second: workers have what is due in it in hand when it begins, and a tick
that is early or late by clock.EARLY leaves nothing for the next one."""

LATELY = timedelta(seconds=max(storms.RECENT, monitor_blind.RECENT))
"""What began to fail longer ago concerns neither of the sweeps that the tick runs for it."""

_trouble = prepared.exist(
    lambda: [
        EndpointState.objects.filter(failures__gt=0, failing_since__gt=prepared.Parameter("lately", DateTimeField())),
        BlindStretch.objects.filter(ended_at=None),
    ]
)


def tick() -> None:
    """Sends what is due by the next second to the probe queue; a probe expires when the next one is due."""
    now = time.time()
    clock_gaps.notice("tick", partial(signs_of_life.seen, "tick"))
    failing, blind = _trouble(lately=datetime.fromtimestamp(now, UTC) - LATELY)
    _send_due(now, AHEAD)
    if failing:
        probe_beside()
    signs_of_life.alive("tick")
    overdue.sweep(now)
    if failing or blind:
        blind_stretches.check(now)


def call() -> None:
    """Has `probe_beside` run, since an endpoint began to fail. What it misses, the next tick does."""
    task = partial(current_app.send_task, "fleet.tasks.probe_beside", expires=1)
    broker.attempt(task, "what is beside a failing endpoint is probed by the next tick.")


def probe_beside() -> None:
    """Sends what is beside an endpoint that began to fail: an alert waits until it is known whether that is alone."""
    if pulled := storms.probe_neighbours(time.time()):
        _send_due(time.time(), pulled=pulled)


def _send_due(now: float, ahead: float = 0.0, pulled: Container[int] = ()) -> None:
    # What is probed before its time is due from this moment on, not from the beginning of this second.
    due = [each._replace(due_at=now) if each.endpoint_id in pulled else each for each in claims.claim(now + ahead)]
    task = current_app.tasks["fleet.tasks.probe"]
    if due:
        with current_app.producer_pool.acquire(block=True) as producer:
            # A message costs as much as a probe, yet every worker gets one, and each message some of every team.
            messages = max(math.ceil(len(due) / BATCH), min(len(due), _workers(int(now) // COUNTED_FOR)))
            for first in range(messages):
                batch = due[first::messages]
                expires = max(1, max(claim.expires_at for claim in batch) - now)
                # Celery would describe the arguments in the message, which takes longer than sending it.
                task.apply_async((batch,), producer=producer, expires=expires, argsrepr=f"{len(batch)} claims")


@lru_cache(maxsize=1)
def _workers(period: int) -> int:
    return len(capacity.workers(period * COUNTED_FOR))


def pulse_probe() -> None:
    """A sign of life from the probe workers; a gap before it is a time in which nothing was probed."""
    clock_gaps.notice("pulse", partial(signs_of_life.seen, "pulse"))
    signs_of_life.alive("pulse")
    overdue.sweep(time.time())
    counts.send()  # where few are probed, the next probe is far off
