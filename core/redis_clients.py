"""Clients of the broker, the only ones that are made here. Celery and Django's cache make their own."""

from functools import cache

import redis
import redis.asyncio
from django.conf import settings
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

ONCE_MORE = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
"""At once, for a connection from before the broker was restarted; a silent broker is not waited for twice."""


def client(timeout: float = 2.0, *, once: bool = False) -> redis.Redis:
    """The client of this process that waits so many seconds for a connection and for an answer.

    `once`: for what must not be sent again although its answer got lost, such as an addition.
    """
    return _client(settings.REDIS_URL, timeout, once)


@cache
def _client(url: str, timeout: float, once: bool) -> redis.Redis:
    retry = Retry(NoBackoff(), 0) if once else ONCE_MORE
    return redis.Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=retry)


def async_client(timeout: float | None = 2.0) -> redis.asyncio.Redis:
    """A client for one event loop, to be closed by the caller; it tries once.

    `timeout` is the wait for an answer in seconds; None for a subscription, which may be silent for long.
    """
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL, socket_timeout=timeout, socket_connect_timeout=2.0, retry=AsyncRetry(NoBackoff(), 0)
    )
