"""How many open boards each web process has, kept in the broker for /metrics."""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable

import redis

from core import redis_keys
from core.redis_clients import async_client

KEY = redis_keys.key("viewers")
"""A hash: "<host>:<process>" -> "<viewers> <unix seconds>". It goes with the last process that announces."""

EVERY = 15
"""Seconds after which a process says again how many it has."""

STALE_AFTER = 3 * EVERY
"""Seconds after which a process that said nothing counts for nothing: it has ended."""

log = logging.getLogger(__name__)


class Announcer:
    """Sends the number of viewers to the broker when it changes, and every EVERY seconds while there are any."""

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def viewer_opened(self) -> None:
        """One viewer more. Called within the event loop."""
        self._changed.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._announce())

    def viewer_closed(self) -> None:
        """One viewer less. While there was one, another process announces, unless the process is about to end."""
        self._changed.set()

    async def _announce(self) -> None:
        while True:
            self._changed.clear()
            viewers = self._count()
            await _send(viewers)
            if not viewers and not self._changed.is_set():
                return
            try:
                await asyncio.wait_for(self._changed.wait(), EVERY)
            except TimeoutError:
                continue


async def _send(viewers: int) -> None:
    name = f"{socket.gethostname()}:{os.getpid()}"
    try:
        async with async_client() as client, client.pipeline() as batch:
            if viewers:
                batch.hset(KEY, name, f"{viewers} {time.time():.0f}")
                batch.expire(KEY, STALE_AFTER)
            else:
                batch.hdel(KEY, name)
            await batch.execute()
    except (redis.RedisError, OSError) as error:
        log.debug("The number of viewers could not be stored in the broker: %s", error)


def total(announced: dict[str, str], now: float) -> int:
    """All viewers, from what KEY holds; `now` in unix seconds."""
    said = (value.split() for value in announced.values())
    return sum(int(viewers) for viewers, at in said if now - float(at) <= STALE_AFTER)
