"""Celery tasks. Each is a door: it calls one function."""

from celery import shared_task

from . import delivery, dispatch, probing, upkeep


@shared_task
def tick() -> None:
    """Every second: send what is due to the probe workers."""
    dispatch.tick()


@shared_task
def probe(endpoint_id: int, due_at: int) -> None:
    """Ask one endpoint how it is."""
    probing.run(endpoint_id, due_at)


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
