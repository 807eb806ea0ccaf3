"""How often something may be done in a stretch of time, counted in the cache that processes share."""

import time

from django.core.cache import cache


def allowed(what: str, most: int, seconds: int, more: int = 1) -> bool:
    """Counts so many more of `what` in the current stretch of so many seconds; False when they are too many.

    While the broker is away each process counts for itself (core/cache.py).
    """
    key = f"{what}:{int(time.time() // seconds)}"
    try:
        cache.add(key, 0, timeout=2 * seconds)
        return cache.incr(key, more) <= most
    except ValueError:  # the key went away in between
        return True
