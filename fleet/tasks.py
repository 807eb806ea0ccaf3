"""Celery tasks. Each is a door: it calls one function."""

import threading
import time
from datetime import UTC, datetime
from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down
from celery.worker.request import Request

from core import signs_of_life
from core.schedule import Scheduled

from .alerts import calling, claims, delivery, digest
from .endpoints import pausing
from .history import rollups, upkeep
from .incidents import sweep
from .load import hours, judging
from .muting import marks
from .probing import dispatch, worker
from .probing.claims import Claim
from .self_check import heartbeat


@shared_task(base=Scheduled)
def tick() -> None:
    """Every second: send what is due to the probe workers."""
    dispatch.tick()


@shared_task
def probe_beside() -> None:
    """As soon as an endpoint begins to fail: probe what shows whether it is alone."""
    dispatch.probe_beside()


class Unacknowledged(Request):
    """A request of a queue without acknowledgements (no_ack). Celery would send them to Redis all the same."""

    def acknowledge(self) -> None:
        self.acknowledged = True


@shared_task(Request=Unacknowledged)
def probe(batch: list[list[Any]]) -> None:
    """Ask some endpoints how they are, each on a thread that its team may have."""
    worker.submit(Claim(*each) for each in batch)


@shared_task(base=Scheduled)
def pulse_probe() -> None:
    """Shows that the probe workers take work."""
    dispatch.pulse_probe()


@shared_task(base=Scheduled)
def deliver() -> None:
    """Send the alerts that are due."""
    delivery.deliver()


@shared_task(base=Scheduled)
def deliver_calls() -> None:
    """Send what goes by other channels than mail."""
    calling.deliver_calls()


@worker_shutting_down.connect
def _give_claims_back(**_: object) -> None:
    """In a thread, since Celery calls this from a signal handler, which must not wait."""
    threading.Thread(target=claims.stop, name="give-claims-back").start()


@shared_task(base=Scheduled)
def catch_up() -> None:
    """Reminders, escalations, and whatever alert is due after all."""
    sweep.sweep()


@shared_task(base=Scheduled)
def write_digests() -> None:
    """The daily digests whose hour has come."""
    digest.write_due(datetime.now(UTC))


@shared_task(base=Scheduled)
def pulse_delivery() -> None:
    """Shows that the delivery worker takes work."""
    signs_of_life.alive("delivery")


@shared_task(base=Scheduled)
def refresh_marks() -> None:
    """What mutes each endpoint: windows begin and silences end by themselves."""
    marks.refresh()


@shared_task(base=Scheduled)
def resume() -> None:
    """Endpoints whose pause is over are probed again."""
    pausing.resume_due()


@shared_task(base=Scheduled)
def roll_up() -> None:
    """Add up the history to minutes, hours and days."""
    rollups.roll_up()


@shared_task(base=Scheduled)
def judge_load() -> None:
    """Renew the load verdicts whose turn it is."""
    judging.judge_due()


@shared_task(base=Scheduled)
def keep_load() -> None:
    """Make days of old hours of load, and drop old days."""
    hours.upkeep(int(time.time()))


@shared_task(base=Scheduled)
def beat_heart() -> None:
    """Show the outside that the watch is doing its work."""
    heartbeat.beat()


@shared_task(base=Scheduled)
def prune() -> None:
    """Drop history that is past its time."""
    upkeep.prune()
