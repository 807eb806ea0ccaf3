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
app.conf.beat_schedule = {
    "tick": {"task": "fleet.tasks.tick", "schedule": WholeSeconds(1), "options": {"expires": 1}},
    "pulse-probe": {
        "task": "fleet.tasks.pulse_probe",
        "schedule": WholeSeconds(5),
        "options": {"expires": 5},
    },
    "pulse-delivery": {
        "task": "fleet.tasks.pulse_delivery",
        "schedule": WholeSeconds(5),
        "options": {"expires": 5},
    },
    "deliver": {"task": "fleet.tasks.deliver", "schedule": WholeSeconds(2), "options": {"expires": 2}},
    "deliver-calls": {"task": "fleet.tasks.deliver_calls", "schedule": WholeSeconds(2), "options": {"expires": 2}},
    "catch-up": {"task": "fleet.tasks.catch_up", "schedule": WholeSeconds(10), "options": {"expires": 10}},
    "marks": {"task": "fleet.tasks.refresh_marks", "schedule": WholeSeconds(5), "options": {"expires": 5}},
    "digests": {"task": "fleet.tasks.write_digests", "schedule": WholeSeconds(600), "options": {"expires": 600}},
    "roll-up": {"task": "fleet.tasks.roll_up", "schedule": WholeSeconds(60), "options": {"expires": 60}},
    "heartbeat": {"task": "fleet.tasks.beat_heart", "schedule": WholeSeconds(60), "options": {"expires": 60}},
    "prune": {"task": "fleet.tasks.prune", "schedule": WholeSeconds(600), "options": {"expires": 600}},
    "reviews": {"task": "advisor.tasks.reviews", "schedule": WholeSeconds(3600), "options": {"expires": 3600}},
    "clear-up": {"task": "teams.tasks.clear_up", "schedule": WholeSeconds(86_400), "options": {"expires": 3600}},
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
