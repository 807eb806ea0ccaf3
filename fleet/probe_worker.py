"""What a probe worker runs: the threads of its process, which Celery's tasks hand the probes to."""

from functools import partial

from celery.signals import worker_shutdown
from django.conf import settings

from core.database import give_back

from . import probing
from .lanes import Job, Pool

STOP_WITHIN = 3.0
"""Seconds that a stop waits for probes under way. What is not recorded by then comes again with its next due time."""

pool = Pool(settings.PROBE_THREADS)


def submit(endpoint_id: int, team_id: int, slow: bool, due_at: int, expires_at: int) -> None:
    """Has one endpoint probed as soon as its team may have a thread, or never when that is after `expires_at`.

    The times are unix seconds.
    """
    pool.submit(Job(endpoint_id, team_id, slow, expires_at, partial(_run, endpoint_id, due_at, expires_at)))


def _run(endpoint_id: int, due_at: int, expires_at: int) -> None:
    try:
        probing.run(endpoint_id, due_at, expires_at)
    finally:
        give_back()


@worker_shutdown.connect
def _stop(**_: object) -> None:
    pool.close(STOP_WITHIN)
