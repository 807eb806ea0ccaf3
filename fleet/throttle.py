"""How often a person may have something looked at on demand: probes go out to other machines."""

import logging
import time

import redis
from django.core.cache import cache

log = logging.getLogger(__name__)

A_MINUTE = 20
"""Looks on demand per person and minute. The board's own looks are not counted."""

REFUSED = f"That is enough for now: {A_MINUTE} looks a minute on demand. The next one is free within a minute."


def allowed(user_pk: int) -> bool:
    """Counts one more look of this person; False when it is one too many. Without the broker nobody is held up."""
    key = f"looks:{user_pk}:{int(time.time() // 60)}"
    try:
        cache.add(key, 0, timeout=120)
        return cache.incr(key) <= A_MINUTE
    except (redis.RedisError, ValueError) as error:  # ValueError: the key went away in between
        log.warning("looks on demand are not counted: %s", error)
        return True
