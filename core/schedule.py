"""Scheduled work runs at most once at a time in a process, and when it does not get done that is seen.

Runs leave their end in the broker, every few seconds at most, and one that is skipped leaves word that another still
runs. Work that did not finish for a few of its periods, because it hangs, raises each time or is not started any more,
is a trouble of the installation.
"""

import logging
import math
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import redis
from celery import Task, current_app

from . import redis_keys
from .redis_clients import client
from .timetable import Work

KEY = redis_keys.key("schedule")
"""A hash: "<task>|finished" -> unix seconds, "<task>|skipped" -> runs skipped because one still ran, "<task>|runs" ->
unix seconds of the last of those, "since" -> of the first word in it."""

PERIODS, GRACE = 3, 60.0
"""Work is late when it did not finish for so many of its periods and so many seconds more."""

NOTED_EVERY = 15.0
"""Seconds between two words of a task that finishes more often: nothing is late so soon."""

log = logging.getLogger(__name__)
_running: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_making = threading.Lock()


def table() -> dict[str, Work]:
    """The schedule of config/celery.py, by task."""
    found: dict[str, Work] = current_app.conf.schedule
    return found


def periods() -> dict[str, float]:
    """Each task of the schedule, and its period in seconds."""
    return {task: float(work.every) for task, work in table().items()}


@dataclass(frozen=True, slots=True)
class Late:
    """Scheduled work that does not get done."""

    task: str
    since: float  # unix seconds: its last end, or when the first of all work started
    runs: bool  # whether its last run has not ended


class Scheduled(Task):
    """The base of every task on the schedule. A run that would overlap the one before is skipped and counted."""

    abstract = True
    _noted_at = -math.inf  # by time.monotonic()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with _making:
            lock = _running[self.name]
        if not lock.acquire(blocking=False):
            _note(self.name, "runs")
            return None
        try:
            done = super().__call__(*args, **kwargs)
            if time.monotonic() - self._noted_at >= NOTED_EVERY:
                _note(self.name, "finished")
                self._noted_at = time.monotonic()
            return done
        finally:
            lock.release()


def _note(task: str, what: str) -> None:
    """Leaves word in the broker. While it is away the work is done all the same."""
    try:
        with client().pipeline(transaction=False) as batch:
            if what == "runs":
                batch.hincrby(KEY, f"{task}|skipped", 1)
            batch.hset(KEY, f"{task}|{what}", f"{time.time():.3f}")
            batch.hsetnx(KEY, "since", f"{time.time():.3f}")
            batch.execute()
    except redis.RedisError as error:
        log.warning("Scheduled work could not be recorded in the broker (%s %s): %s", task, what, error)


def ages(stored: Mapping[str, str], tasks: Mapping[str, float], now: float) -> dict[str, float]:
    """Seconds since each of these tasks finished, or since the first of all work started; `stored` is KEY's hash."""
    if "since" not in stored:
        return {}
    return {task: max(0.0, now - float(stored.get(f"{task}|finished", stored["since"]))) for task in tasks}


def late(stored: Mapping[str, str], periods: Mapping[str, float], now: float) -> list[Late]:
    """The work that does not get done, the longest first. `periods`: task -> seconds."""
    found = [
        Late(task, now - age, runs=float(stored.get(f"{task}|runs", 0)) >= now - 2 * periods[task])
        for task, age in ages(stored, periods, now).items()
        if age > PERIODS * periods[task] + GRACE
    ]
    return sorted(found, key=lambda each: each.since)


def skipped(stored: Mapping[str, str]) -> dict[str, int]:
    """How many runs of each task were skipped since the hash was cleared."""
    return {name.removesuffix("|skipped"): int(number) for name, number in stored.items() if name.endswith("|skipped")}
