"""The Celery app with its whole schedule and the queue of every task."""

import logging.config
import os
import time
import warnings

from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import (
    before_task_publish,
    setup_logging,
    task_failure,
    task_postrun,
    worker_ready,
    worker_shutting_down,
)
from kombu import Queue

from core.timetable import Work

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Celery warns about root because a task could be a pickle that runs code. We accept JSON only.
warnings.filterwarnings("ignore", category=SecurityWarning)

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
    "fleet.tasks.probe_beside": {"queue": "dispatch"},
    "fleet.tasks.probe": {"queue": "probe"},
    "fleet.tasks.pulse_probe": {"queue": "probe"},
    "fleet.tasks.deliver": {"queue": "delivery"},
    "fleet.tasks.deliver_calls": {"queue": "delivery"},
    "fleet.tasks.pulse_delivery": {"queue": "delivery"},
    "fleet.tasks.*": {"queue": "upkeep"},
    "advisor.tasks.*": {"queue": "upkeep"},
    "teams.tasks.*": {"queue": "upkeep"},
}
app.conf.schedule = {
    "fleet.tasks.tick": Work("sending probes to the workers", 1),
    "fleet.tasks.pulse_probe": Work("the probe worker's sign of life", 5, by_message=True),
    "fleet.tasks.pulse_delivery": Work("the delivery worker's sign of life", 5, by_message=True),
    "fleet.tasks.deliver": Work("delivery of mails", 2),
    "fleet.tasks.deliver_calls": Work("delivery by other channels", 2, offset=1),
    "fleet.tasks.catch_up": Work("reminders and escalations", 10, offset=3),
    "fleet.tasks.resume": Work("resuming of what was paused for a time", 5, offset=4),
    "fleet.tasks.refresh_marks": Work("marks of windows and silences", 5, offset=2),
    "fleet.tasks.roll_up": Work("roll-up of the history", 60, offset=21),
    "fleet.tasks.beat_heart": Work("the heartbeat", 60, offset=41),
    "fleet.tasks.judge_load": Work("judging of load", 60, offset=51),
    "fleet.tasks.keep_load": Work("days made of hours of load", 21_600, offset=1_271),
    "fleet.tasks.write_digests": Work("daily digests", 600, offset=11),
    "fleet.tasks.prune": Work("pruning of the history", 600, offset=331),
    "advisor.tasks.reviews": Work("reminders of review dates", 3600, offset=31),
    "advisor.tasks.watch_decisions": Work("judging of decisions by their endpoints", 3600, offset=71),
    "teams.tasks.clear_up": Work("clearing up of sessions and tokens", 86_400, offset=51),
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


@worker_ready.connect
def start_clock(**_: object) -> None:
    """In the worker of the queue `dispatch`, whatever else it does."""
    from core.clock import Clock

    if "dispatch" in app.amqp.queues.consume_from:
        clock = Clock(app, app.conf.schedule)
        worker_shutting_down.connect(lambda **_: clock.stop(), weak=False)
        clock.start()


@task_failure.connect
def _note_full_disk(exception: BaseException, **_: object) -> None:
    from core import signs_of_life

    signs_of_life.note_full_disk(exception)


@task_postrun.connect
def _drop_broken_connections(**_: object) -> None:
    """Threads keep their database connection (CELERY_DB_REUSE_MAX), but never a broken one."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        if connection.errors_occurred:
            connection.close()
