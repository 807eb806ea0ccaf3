"""The cache that processes share, in Redis or Valkey. While that is away, each process counts for itself."""

import json
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

import redis
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient

from .redis_clients import ONCE_MORE

log = logging.getLogger(__name__)

TIMEOUT = 1  # seconds
PAUSE = 5
"""Seconds for which a server that failed is not asked again: one page asks the cache a dozen times."""
SAY_AGAIN = 60  # seconds between two warnings
ABSENT = object()


class Json:
    """What is stored, as JSON. Django's default is pickle, which runs code of whoever can write to the broker."""

    def dumps(self, value: Any) -> str:
        """Raises TypeError for what JSON does not have."""
        return json.dumps(value)

    def loads(self, stored: bytes) -> Any:
        """The value; ABSENT for what is not JSON: entries of an earlier version, or of somebody else."""
        try:
            return json.loads(stored)
        except (ValueError, RecursionError):
            return ABSENT


class _Client(RedisCacheClient):
    """Django's, for which an entry that is not JSON is none."""

    def get(self, key: Any, default: Any) -> Any:
        found = super().get(key, default)
        return default if found is ABSENT else found

    def get_many(self, keys: Iterable[Any]) -> dict[Any, Any]:
        return {key: found for key, found in super().get_many(keys).items() if found is not ABSENT}


OPTIONS: dict[str, Any] = {
    "serializer": Json(),
    "socket_connect_timeout": TIMEOUT,
    "socket_timeout": TIMEOUT,
    "retry": ONCE_MORE,
}

# Every thread has a cache object of its own. What they know of a server is kept by its address.
_ask_again: dict[str, float] = {}  # on the monotonic clock
_say_again: dict[str, float] = {}


def _or_here(name: str) -> Any:
    """The method of this name that asks the server, and this process when the server fails."""
    shared: Callable[..., Any] = getattr(RedisCache, name)

    def method(self: "Cache", *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= _ask_again.get(self.address, 0):
            try:
                return shared(self, *args, **kwargs)
            except redis.RedisError as error:
                self.note(error)
        return getattr(self.here, name)(*args, **kwargs)

    return method


class Cache(RedisCache):
    """Django's cache in Redis, with one in this process's memory to fall back on."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client
        self.address = server
        # Many entries: whoever floods the cache must not push out what is counted against them.
        self.here = LocMemCache(f"instead of {server}", {**params, "OPTIONS": {"MAX_ENTRIES": 10_000}})

    def note(self, error: redis.RedisError) -> None:
        """Leaves the server alone for a moment, and says so in the log once a minute."""
        now = time.monotonic()
        _ask_again[self.address] = now + PAUSE
        if now >= _say_again.get(self.address, 0):
            _say_again[self.address] = now + SAY_AGAIN
            log.warning("The cache is away, so this process counts by itself: %s", error)

    add = _or_here("add")
    get = _or_here("get")
    set = _or_here("set")
    touch = _or_here("touch")
    delete = _or_here("delete")
    get_many = _or_here("get_many")
    has_key = _or_here("has_key")
    incr = _or_here("incr")
    set_many = _or_here("set_many")
    delete_many = _or_here("delete_many")
    clear = _or_here("clear")
