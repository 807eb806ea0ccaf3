"""How often something may be done in a stretch of time, counted in the cache that processes share."""

import time

from django.core.cache import cache


def allowed(what: str, most: int, seconds: int) -> bool:
    """Counts one more of `what` in the current stretch of so many seconds; False when it is one too many.

    While the broker is away each process counts for itself (core/cache.py).
    """
    key = f"{what}:{int(time.time() // seconds)}"
    try:
        cache.add(key, 0, timeout=2 * seconds)
        return cache.incr(key) <= most
    except ValueError:  # the key went away in between
        return True
