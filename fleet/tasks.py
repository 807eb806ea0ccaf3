"""Celery tasks. Each is a door: it calls one function."""

from celery import shared_task
from celery.worker.request import Request

from . import delivery, dispatch, probing, upkeep


@shared_task
def tick() -> None:
    """Every second: send what is due to the probe workers."""
    dispatch.tick()


class Unacknowledged(Request):
    """A request of a queue without acknowledgements (no_ack). Celery would send them to Redis all the same."""

    def acknowledge(self) -> None:
        self.acknowledged = True


@shared_task(Request=Unacknowledged)
def probe(endpoint_id: int, due_at: int, expires_at: int) -> None:
    """Ask one endpoint how it is."""
    probing.run(endpoint_id, due_at, expires_at)


@shared_task
def pulse_probe() -> None:
    """Shows that the probe workers take work."""
    dispatch.pulse("pulse")


@shared_task
def deliver() -> None:
    """Send the alerts that are due."""
    delivery.deliver()


@shared_task
def pulse_delivery() -> None:
    """Shows that the delivery worker takes work."""
    dispatch.pulse("delivery")


@shared_task
def prune() -> None:
    """Drop history that is past its time."""
    upkeep.prune()
