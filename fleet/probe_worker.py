"""What a probe worker runs: the threads of its process, which Celery's tasks hand the probes to."""

from collections.abc import Iterable
from functools import partial

from celery.signals import worker_shutdown
from django.conf import settings

from core.database import give_back

from . import probing
from .claims import Claim
from .lanes import Job, Pool

STOP_WITHIN = 3.0
"""Seconds that a stop waits for probes under way. What is not recorded by then comes again with its next due time."""

pool = Pool(settings.PROBE_THREADS)


def submit(claims: Iterable[Claim]) -> None:
    """Has each of these endpoints probed as soon as its team may have a thread, or never once its claim expires."""
    for claim in claims:
        pool.submit(Job(claim.endpoint_id, claim.team_id, claim.slow, claim.expires_at, partial(_run, claim)))


def _run(claim: Claim) -> None:
    try:
        probing.run(claim.endpoint_id, claim.due_at, claim.expires_at)
    finally:
        give_back()


@worker_shutdown.connect
def _stop(**_: object) -> None:
    pool.close(STOP_WITHIN)
