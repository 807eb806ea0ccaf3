"""The Celery app with its whole schedule and the queue of every task."""

import logging.config
import os
import time
import warnings
from datetime import datetime

from celery import Celery
from celery.platforms import SecurityWarning
from celery.schedules import schedstate, schedule
from celery.signals import before_task_publish, setup_logging, task_failure, task_postrun, worker_ready
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Celery warns about root because a task could be a pickle that runs code. We accept JSON only.
warnings.filterwarnings("ignore", category=SecurityWarning)


class WholeSeconds(schedule):
    """Every `run_every` seconds on whole seconds of the clock: ticks never drift off the probes' grid."""

    def is_due(self, last_run_at: datetime) -> schedstate:
        every = self.run_every.total_seconds()
        now = time.time()
        slot = now // every
        remaining = (slot + 1) * every - now
        # Not "earlier than": after the clock was set back, the last run lies in the future.
        return schedstate(is_due=last_run_at.timestamp() // every != slot, next=remaining)


app = Celery("plimsoll")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# A probe that is lost comes again with its next due time, so its queue does without acknowledgements: they cost
# more than half of the worker's time. All other tasks are acknowledged after they are done.
app.conf.task_queues = [
    Queue("probe", no_ack=True),
    *(Queue(name) for name in ("dispatch", "delivery", "upkeep")),
]
app.conf.task_routes = {
    "fleet.tasks.tick": {"queue": "dispatch"},
    "fleet.tasks.probe": {"queue": "probe"},
    "fleet.tasks.pulse_probe": {"queue": "probe"},
    "fleet.tasks.deliver": {"queue": "delivery"},
    "fleet.tasks.deliver_calls": {"queue": "delivery"},
    "fleet.tasks.pulse_delivery": {"queue": "delivery"},
    "fleet.tasks.*": {"queue": "upkeep"},
    "advisor.tasks.*": {"queue": "upkeep"},
    "teams.tasks.*": {"queue": "upkeep"},
}
_EVERY = {
    "tick": ("fleet.tasks.tick", 1),
    "pulse-probe": ("fleet.tasks.pulse_probe", 5),
    "pulse-delivery": ("fleet.tasks.pulse_delivery", 5),
    "deliver": ("fleet.tasks.deliver", 2),
    "deliver-calls": ("fleet.tasks.deliver_calls", 2),
    "catch-up": ("fleet.tasks.catch_up", 10),
    "marks": ("fleet.tasks.refresh_marks", 5),
    "digests": ("fleet.tasks.write_digests", 600),
    "roll-up": ("fleet.tasks.roll_up", 60),
    "heartbeat": ("fleet.tasks.beat_heart", 60),
    "prune": ("fleet.tasks.prune", 600),
    "reviews": ("advisor.tasks.reviews", 3600),
    "clear-up": ("teams.tasks.clear_up", 86_400),
}  # seconds
app.conf.beat_schedule = {
    name: {"task": task, "schedule": WholeSeconds(every), "options": {"expires": min(every, 3600)}}
    for name, (task, every) in _EVERY.items()
}


@setup_logging.connect
def _log_as_django_does(**_: object) -> None:
    """With a receiver here Celery leaves the logging alone."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


@before_task_publish.connect
def _say_when(headers: dict[str, object], **_: object) -> None:
    """Each message says when it was sent, so that /metrics can show how long the oldest one waits."""
    headers["sent_at"] = round(time.time(), 3)


@worker_ready.connect
def _show_life_at_once(**_: object) -> None:
    """Both workers are known to work as soon as they do, not only once the schedule comes round."""
    for task in ("fleet.tasks.pulse_probe", "fleet.tasks.pulse_delivery"):
        app.send_task(task, expires=5)


@task_failure.connect
def _note_full_disk(exception: BaseException, **_: object) -> None:
    """Pages and /health/ready name the cause, not only what stops because of it."""
    from core import disk, health

    if disk.is_about_full_disk(exception):
        health.note_full_disk()


@task_postrun.connect
def _drop_broken_connections(**_: object) -> None:
    """Threads keep their database connection (CELERY_DB_REUSE_MAX), but never a broken one."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        if connection.errors_occurred:
            connection.close()
