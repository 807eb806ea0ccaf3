"""Scheduled work runs at most once at a time in a process, and when it does not get done that is seen.

Each run leaves its start and its end in the broker. Work that did not finish for a few of its periods, because it
hangs, raises each time or is not started any more, is a trouble of the installation.
"""

import logging
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

KEY = redis_keys.key("schedule")
"""A hash: "<task>|started" and "<task>|finished" -> unix seconds, "<task>|skipped" -> runs skipped, "since" -> when the
first of all runs started."""

PERIODS, GRACE = 3, 60.0
"""Work is late when it did not finish for so many of its periods and so many seconds more."""

WORK = {
    "fleet.tasks.tick": "sending probes to the workers",
    "fleet.tasks.pulse_probe": "the probe worker's sign of life",
    "fleet.tasks.pulse_delivery": "the delivery worker's sign of life",
    "fleet.tasks.deliver": "delivery of mails",
    "fleet.tasks.deliver_calls": "delivery by other channels",
    "fleet.tasks.catch_up": "reminders and escalations",
    "fleet.tasks.refresh_marks": "marks of windows and silences",
    "fleet.tasks.write_digests": "daily digests",
    "fleet.tasks.roll_up": "roll-up of the history",
    "fleet.tasks.beat_heart": "the heartbeat",
    "fleet.tasks.prune": "pruning of the history",
    "advisor.tasks.reviews": "reminders of review dates",
    "teams.tasks.clear_up": "clearing up of sessions and tokens",
}
"""Each task of the schedule in words, for /health/ready and the banner."""

log = logging.getLogger(__name__)
_running: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_making = threading.Lock()


def periods() -> dict[str, float]:
    """Each task of the schedule, and its period in seconds."""
    entries = current_app.conf.beat_schedule.values()
    return {each["task"]: each["schedule"].run_every.total_seconds() for each in entries}


@dataclass(frozen=True, slots=True)
class Late:
    """Scheduled work that does not get done."""

    task: str
    since: float  # unix seconds: its last end, or when the first of all work started
    runs: bool  # whether its last run has not ended


class Scheduled(Task):
    """The base of every task on the schedule. A run that would overlap the one before is skipped and counted."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with _making:
            lock = _running[self.name]
        if not lock.acquire(blocking=False):
            _note(self.name, "skipped")
            return None
        try:
            _note(self.name, "started")
            done = super().__call__(*args, **kwargs)
            _note(self.name, "finished")
            return done
        finally:
            lock.release()


def _note(task: str, what: str) -> None:
    """Leaves word in the broker. While it is away the work is done all the same."""
    try:
        with client().pipeline(transaction=False) as batch:
            if what == "skipped":
                batch.hincrby(KEY, f"{task}|skipped", 1)
            else:
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
        Late(task, now - age, float(stored.get(f"{task}|started", 0)) > float(stored.get(f"{task}|finished", 0)))
        for task, age in ages(stored, periods, now).items()
        if age > PERIODS * periods[task] + GRACE
    ]
    return sorted(found, key=lambda each: each.since)


def skipped(stored: Mapping[str, str]) -> dict[str, int]:
    """How many runs of each task were skipped since the hash was cleared."""
    return {name.removesuffix("|skipped"): int(number) for name, number in stored.items() if name.endswith("|skipped")}
