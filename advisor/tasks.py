"""Celery tasks. Each is a door: it calls one function."""

from celery import shared_task

from core.schedule import Scheduled

from .decisions import reviews as review_dates
from .decisions import watching


@shared_task(base=Scheduled)
def reviews() -> None:
    """Every hour: write to the teams whose decisions are to be reviewed."""
    review_dates.remind()


@shared_task(base=Scheduled)
def watch_decisions() -> None:
    """Every hour: judge decisions by what their endpoints show."""
    watching.watch()
