"""Signs of life and of trouble, left in the broker for /health/ready and the banner."""

import time
from functools import cache

import redis
from django.conf import settings

from . import redis_keys


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2)


def alive(name: str) -> None:
    """Notes that this part does its work: in unix seconds. Raises RedisError."""
    _client(settings.REDIS_URL).set(redis_keys.key(name), f"{time.time():.3f}", ex=3600)


def seen(name: str) -> float | None:
    """When this part was alive last, in unix seconds; None when nobody knows. Raises RedisError."""
    stamp = _client(settings.REDIS_URL).get(redis_keys.key(name))
    try:
        return float(stamp) if isinstance(stamp, bytes | str) and stamp else None
    except ValueError:  # somebody else wrote there
        return None


def set_trouble(name: str, trouble: str) -> None:
    """Notes what is wrong with a part in a sentence, or that nothing is (""). Raises RedisError."""
    _client(settings.REDIS_URL).set(redis_keys.key(name), trouble, ex=3600)
