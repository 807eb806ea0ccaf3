"""What probes count for /metrics: how many found what, and how late they began.

Each process adds up in memory and sends to the broker every EVERY seconds in one round trip, so a probe costs a lock
and an addition. What a process that is killed has not sent yet is lost; a broker that is emptied counts from zero
again, which Prometheus takes for what it is.
"""

import logging
import threading
import time
from collections import Counter

import redis

from core import redis_keys
from core.redis_clients import client

KEY = redis_keys.key("probes")
"""A hash: "found|<status>|<cause>" -> probes, "late|<bucket>" -> probes, "late|sum" -> microseconds."""

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of lateness in seconds; what is later than the last is counted under "more"."""

EVERY = 5.0
"""Seconds for which counts stay in a process."""

log = logging.getLogger(__name__)


class ProbeCounts:
    """The counts of one process that were not sent to the broker yet. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._sent_at = time.monotonic()

    def add(self, status: str, cause: str | None, late_ms: float | None) -> None:
        """Counts one probe by what it found; `late_ms` is None where nobody waited for it."""
        with self._lock:
            self._counts[f"found|{status}|{cause or ''}"] += 1
            if late_ms is not None:
                self._counts[f"late|{_bucket(late_ms / 1000)}"] += 1
                self._counts["late|sum"] += round(late_ms * 1000)
            due = time.monotonic() - self._sent_at >= EVERY
        if due:
            self.send()

    def send(self) -> None:
        """Adds the counts to the broker's. They are kept for the next time while it is away."""
        with self._lock:
            counts, self._counts, self._sent_at = self._counts, Counter(), time.monotonic()
        if not counts:
            return
        try:
            # Once: what was counted although its answer got lost would be counted again.
            with client(1.0, once=True).pipeline() as batch:
                for field, number in counts.items():
                    batch.hincrby(KEY, field, number)
                batch.execute()
        except redis.RedisError as error:
            log.warning("The counts of probes could not be sent; they wait: %s", error)
            with self._lock:
                self._counts.update(counts)


def _bucket(seconds: float) -> str:
    return next((str(bound) for bound in BUCKETS if seconds <= bound), "more")


counts = ProbeCounts()
"""Of this process."""
