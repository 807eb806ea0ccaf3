"""From the tick of the clock to tasks that probe what is due, and the signs of life that /health/ready reads."""

import time
from dataclasses import astuple

from celery import current_app

from core import signs_of_life

from ..alerts import storms
from ..self_check import blind_stretches
from . import claims, clock_gaps, overdue
from .probe_counts import counts

BATCH = 50
"""Endpoints of one task at most: a message costs more than a probe, but several workers should each get some."""


def tick() -> None:
    """Claims what is due now and sends it to the probe queue; a probe expires when the next one is due."""
    now = time.time()
    clock_gaps.notice("tick", signs_of_life.seen("tick"))
    storms.probe_neighbours(now)
    due = claims.claim(now)
    task = current_app.tasks["fleet.tasks.probe"]
    if due:
        with current_app.producer_pool.acquire(block=True) as producer:
            for start in range(0, len(due), BATCH):
                batch = due[start : start + BATCH]
                expires = max(1, max(claim.expires_at for claim in batch) - now)
                task.apply_async(([astuple(claim) for claim in batch],), producer=producer, expires=expires)
    signs_of_life.alive("tick")
    overdue.sweep(now)
    blind_stretches.check(now)


def pulse_probe() -> None:
    """A sign of life from the probe workers; a gap before it is a time in which nothing was probed."""
    clock_gaps.notice("pulse", signs_of_life.seen("pulse"))
    signs_of_life.alive("pulse")
    overdue.sweep(time.time())
    counts.send()  # where few are probed, the next probe is far off
