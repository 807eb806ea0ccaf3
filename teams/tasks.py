"""Celery tasks. Each is a door: it calls one function."""

from celery import shared_task

from . import sessions


@shared_task
def clear_up() -> None:
    """Delete sessions, invitations and API tokens that are past their time."""
    sessions.clear_up()
