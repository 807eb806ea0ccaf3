"""Starts the work of the schedule at its seconds, on threads of the worker that takes the queue `dispatch`.

It goes by no message, since a message would cost more than most of this work. Of several such workers one keeps the
clock, by a lease in the broker; should two do so for a moment, claims and conditional writes keep them apart.
"""

import logging
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import redis
from celery import Celery
from kombu.exceptions import OperationalError

from . import redis_keys, signs_of_life
from .database import give_back
from .redis_clients import client
from .timetable import Work, due

KEY = redis_keys.key("clock")

LEASE = 3.0
"""Seconds after which another worker takes over from one that renews its lease no more."""

EARLY = 0.3
"""Seconds before each whole second at which the clock starts what is due: at the second itself probes begin."""

AFTER_START = 60
"""Seconds after its start at which all that comes less often than this runs once: what stops each night needs it."""

log = logging.getLogger(__name__)


class Clock:
    """The clock of one process."""

    def __init__(self, app: Celery, schedule: Mapping[str, Work]) -> None:
        self._app, self._schedule = app, schedule
        self._name, self._holds = uuid.uuid4().hex, False
        # Nothing runs twice at a time, so the dispatcher always gets a thread. They are made when needed.
        self._threads = ThreadPoolExecutor(len(schedule), thread_name_prefix="schedule")
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begins, in a thread."""
        threading.Thread(target=self._keep, name="clock", daemon=True).start()

    def stop(self) -> None:
        """Starts nothing more; what runs goes on to its end."""
        self._stopped.set()

    def _keep(self) -> None:
        began = time.time()
        done = began - 1  # up to when all that was due has been started
        while True:
            now = time.time()
            try:
                if self._is_mine():
                    rare = [task for task, work in self._schedule.items() if work.every > AFTER_START]
                    again = rare if done < began + AFTER_START <= now else []
                    for task in {*due(self._schedule, done, now), *again}:
                        self._threads.submit(self._run, task)
                    done = now
            except redis.RedisError as error:
                log.debug("The broker is away; /health/ready says so itself: %s", error)
            if self._stopped.wait(1 - (time.time() + EARLY) % 1):
                return

    def _is_mine(self) -> bool:
        """Takes or renews the lease; returns whether this clock has it. Raises RedisError."""
        with client().pipeline(transaction=False) as batch:
            batch.set(KEY, self._name, nx=True, px=int(LEASE * 1000))
            batch.get(KEY)
            if self._holds:
                batch.pexpire(KEY, int(LEASE * 1000))
            self._holds = batch.execute()[1] == self._name.encode()
        return self._holds

    def _run(self, task: str) -> None:
        work = self._schedule[task]
        try:
            if work.by_message:
                self._app.send_task(task, expires=work.every)
            else:
                self._app.tasks[task]()  # and no apply(): Celery's tracing costs more than most of this work
        except OperationalError as error:
            log.debug("The broker is away; /health/ready says so itself: %s", error)
        except Exception as error:
            log.exception("Scheduled work failed; it comes again: %s", task)
            signs_of_life.note_full_disk(error)
        finally:
            give_back()
