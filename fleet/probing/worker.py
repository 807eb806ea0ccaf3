"""What a probe worker runs: the threads of its process, which Celery's tasks hand the probes to."""

import logging
import threading
import time
import uuid
from collections.abc import Iterable
from functools import partial

from celery import current_app
from celery.signals import worker_ready, worker_shutdown
from django.conf import settings

from core import fence, memory
from core.database import give_back

from ..models import EndpointState
from . import capacity, dispatch, overdue, states
from .claims import Claim
from .lanes import Job, Pool
from .run import run
from .writer import Writer

STOP_WITHIN = 3.0
"""Seconds that a stop waits for probes under way, and as long again until they are written. What is not written by then
comes again with its next due time."""

FRESH_FOR = 1.0
"""Seconds after which a row that was read with its batch is read again: its probe waited for a thread meanwhile."""

OVERDUE_EVERY = 5.0
"""Seconds between two sweeps for what was not probed in time, and between two words of a worker that it lives."""

TRIM_EVERY = 60.0
"""Seconds after which freed memory is given back: many probes at a time take much of it for a moment."""

pool = Pool(settings.PROBE_THREADS)
writer = Writer()
_stopped = threading.Event()
log = logging.getLogger(__name__)


def submit(claims: Iterable[Claim]) -> None:
    """Has each endpoint probed once it is due and its team may have a thread, or never once its claim expires."""
    claims = list(claims)
    try:
        rows = states.read(claim.endpoint_id for claim in claims)
    except fence.NOT_THE_ITEMS_FAULT:
        raise
    except Exception:  # one of the rows can't be read: each is read by itself, so that it costs itself alone
        rows = {}
    finally:
        give_back()
    read_at, now = time.monotonic(), time.time()
    early: list[Job] = []
    for claim in claims:
        work = partial(_run, claim, rows.get(claim.endpoint_id), read_at)
        job = Job(claim.endpoint_id, claim.team_id, claim.slow, claim.expires_at, work)
        if claim.due_at > now:
            early.append(job)
        else:
            pool.submit(job)
    if early:
        wait = min(max(claim.due_at for claim in claims) - now, dispatch.AHEAD)  # less where clocks differ
        timer = threading.Timer(wait, lambda: [pool.submit(job) for job in early])
        timer.daemon = True
        timer.start()


def _run(claim: Claim, state: EndpointState | None, read_at: float) -> None:
    # Where an earlier probe was still under way when the row was read, the row has moved since.
    earlier = state is not None and state.waiting_since is not None and state.waiting_since < int(claim.due_at)
    fresh = not earlier and time.monotonic() - read_at < FRESH_FOR
    try:
        if judged := run(claim, state if fresh else None):
            writer.put(judged)
    finally:
        give_back()


def _watch() -> None:
    name = uuid.uuid4().hex
    probes = "probe" in current_app.amqp.queues.consume_from
    trim_at = time.monotonic() + TRIM_EVERY
    while True:
        if probes:
            capacity.announce(name, time.time())
        if _stopped.wait(OVERDUE_EVERY):
            capacity.withdraw(name)
            return
        try:
            overdue.sweep(time.time())
        except Exception as error:  # the database is away, say: it is tried again
            log.warning("What was not probed in time could not be marked: %s", error)
        finally:
            give_back()
        if time.monotonic() > trim_at:
            memory.trim()
            trim_at = time.monotonic() + TRIM_EVERY


@worker_ready.connect
def _start(**_: object) -> None:
    """By no schedule and no queue, since it is their standing still that has to show."""
    threading.Thread(target=_watch, name="overdue", daemon=True).start()


@worker_shutdown.connect
def _stop(**_: object) -> None:
    _stopped.set()
    pool.close(STOP_WITHIN)
    writer.close(STOP_WITHIN)
