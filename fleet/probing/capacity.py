"""How many probe threads the live workers have together. Each announces its own in the broker."""

import logging
from typing import Any

import redis
from django.conf import settings

from core import redis_keys
from core.redis_clients import client

KEY = redis_keys.key("probe-threads")
"""A sorted set: "<worker> <threads>" -> unix seconds of the worker's last word."""

COUNTS_FOR = 20.0
"""Seconds after its last word for which a worker counts; it gives one every worker.OVERDUE_EVERY seconds."""

log = logging.getLogger(__name__)


def announce(worker: str, now: float) -> None:
    """Notes that this worker (a name of its own) lives at `now` (unix seconds), with PROBE_THREADS threads.

    While the broker is away nobody can be counted, and nothing is noted.
    """
    try:
        with client(1.0).pipeline(transaction=False) as batch:
            batch.zadd(KEY, {f"{worker} {settings.PROBE_THREADS}": now})
            batch.zremrangebyscore(KEY, 0, now - 3600)
            batch.execute()
    except redis.RedisError as error:
        log.debug("The broker is away; /health/ready says so itself: %s", error)


def withdraw(worker: str) -> None:
    """Has a worker that stops count no more."""
    try:
        client(1.0).zrem(KEY, f"{worker} {settings.PROBE_THREADS}")
    except redis.RedisError as error:
        log.debug("The broker is away; /health/ready says so itself: %s", error)


def workers(now: float) -> list[int]:
    """Threads of each lane of every worker that lives at `now`; one with PROBE_THREADS where none is known of."""
    try:
        found: Any = client(1.0).zrangebyscore(KEY, now - COUNTS_FOR, "+inf")
    except redis.RedisError as error:
        log.debug("The broker is away; /health/ready says so itself: %s", error)
        found = []
    return [int(name.rpartition(b" ")[2]) for name in found] or [settings.PROBE_THREADS]
