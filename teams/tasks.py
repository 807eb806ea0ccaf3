"""Celery tasks. Each is a door: it calls one function."""

from celery import shared_task

from core.schedule import Scheduled

from . import upkeep


@shared_task(base=Scheduled)
def clear_up() -> None:
    """Delete sessions, invitations and API tokens that are past their time."""
    upkeep.clear_up()
