"""Celery tasks. Each is a door: it calls one function."""

from celery import shared_task

from core.schedule import Scheduled

from .decisions import reviews as review_dates


@shared_task(base=Scheduled)
def reviews() -> None:
    """Every hour: write to the teams whose decisions are to be reviewed."""
    review_dates.remind()
