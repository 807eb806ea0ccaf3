"""Signs of life and of trouble, left in the broker for /health/ready and the banner."""

import time

from . import redis_keys
from .redis_clients import client


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
    client().set(redis_keys.key(name), trouble, ex=3600)
