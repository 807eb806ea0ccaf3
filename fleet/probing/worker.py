"""What a probe worker runs: the threads of its process, which Celery's tasks hand the probes to."""

import logging
import threading
import time
from collections.abc import Iterable
from functools import partial

from celery.signals import worker_ready, worker_shutdown
from django.conf import settings

from core.database import give_back

from . import overdue, record
from .claims import Claim
from .lanes import Job, Pool

STOP_WITHIN = 3.0
"""Seconds that a stop waits for probes under way. What is not recorded by then comes again with its next due time."""

OVERDUE_EVERY = 5.0
"""Seconds between two sweeps for what was not probed in time."""

pool = Pool(settings.PROBE_THREADS)
_stopped = threading.Event()
log = logging.getLogger(__name__)


def submit(claims: Iterable[Claim]) -> None:
    """Has each of these endpoints probed as soon as its team may have a thread, or never once its claim expires."""
    for claim in claims:
        pool.submit(Job(claim.endpoint_id, claim.team_id, claim.slow, claim.expires_at, partial(_run, claim)))


def _run(claim: Claim) -> None:
    try:
        record.run(claim.endpoint_id, claim.due_at, claim.expires_at)
    finally:
        give_back()


def _watch_overdue() -> None:
    while not _stopped.wait(OVERDUE_EVERY):
        try:
            overdue.sweep(time.time())
        except Exception as error:  # the database is away, say: it is tried again
            log.warning("What was not probed in time could not be marked: %s", error)
        finally:
            give_back()


@worker_ready.connect
def _start(**_: object) -> None:
    """By no schedule and no queue, since it is their standing still that has to show."""
    threading.Thread(target=_watch_overdue, name="overdue", daemon=True).start()


@worker_shutdown.connect
def _stop(**_: object) -> None:
    _stopped.set()
    pool.close(STOP_WITHIN)
