"""Signs of life and of trouble, left in the broker for /health/ready and the banner."""

import time
from contextlib import suppress

import redis

from . import disk, redis_keys
from .redis_clients import client

FULL = "disk-full"
"""It is there while a part could not store something."""

FINE_FOR = 10.0
"""Seconds after which a process notes again that nothing is wrong, in case that another one noted a trouble."""

_fine_at: dict[str, float] = {}  # part -> monotonic seconds when we noted that nothing is wrong with it


def alive(name: str) -> None:
    """Notes that this part does its work: in unix seconds. Raises RedisError."""
    client().set(redis_keys.key(name), f"{time.time():.3f}", ex=3600)


def seen(name: str) -> float | None:
    """When this part was alive last, in unix seconds; None when nobody knows. Raises RedisError."""
    stamp = client().get(redis_keys.key(name))
    try:
        return float(stamp) if isinstance(stamp, bytes | str) and stamp else None
    except ValueError:  # somebody else wrote there
        return None


def set_trouble(name: str, trouble: str) -> None:
    """Notes what is wrong with a part in a sentence, or that nothing is (""). Raises RedisError."""
    now = time.monotonic()
    if trouble or now - _fine_at.get(name, -FINE_FOR) >= FINE_FOR:
        _fine_at.pop(name, None)
        client().set(redis_keys.key(name), trouble, ex=3600)
        if not trouble:
            _fine_at[name] = now


def note_full_disk(error: BaseException) -> None:
    """Says for half a minute that something could not be stored, if this error is about a full disk.

    Pages and /health/ready name the cause then, not only what stops because of it. A broker that is away says so by
    itself.
    """
    if disk.is_about_full_disk(error):
        with suppress(redis.RedisError):
            client(1.0).set(redis_keys.key(FULL), 1, ex=30)
