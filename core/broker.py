"""Calls of the broker that may fail: whatever they ask for is also found by a sweep, or by a page's next question."""

import logging
import time
from collections.abc import Callable

import redis
from django.conf import settings
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

RETRY = 0.2
"""Seconds after a failure in which nobody waits for the broker again: a command may have a call for each endpoint."""

LOG_EVERY = 60.0
"""Seconds between two warnings about the same thing."""

_failed_at: dict[str, float] = {}  # broker -> monotonic seconds
_logged_at: dict[tuple[str, str], float] = {}  # (broker, what does not happen) -> the same


def attempt(work: Callable[[], object], otherwise: str) -> None:
    """Does `work`, which calls the broker. While that is away it is skipped; `otherwise` says what does not happen."""
    url = settings.REDIS_URL
    began = time.monotonic()
    if began - _failed_at.get(url, -RETRY) < RETRY:
        return
    try:
        work()
    except (redis.RedisError, OperationalError) as error:
        _failed_at[url] = now = time.monotonic()
        if now - _logged_at.get((url, otherwise), -LOG_EVERY) >= LOG_EVERY:
            _logged_at[url, otherwise] = now
            log.warning("The broker is away, as when Plimsoll is not running: %s (%s)", otherwise, error)
