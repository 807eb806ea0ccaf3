"""From the beat's tick to one task per due endpoint, and the signs of life that /health/ready reads."""

import time

import redis
from django.conf import settings

from config.celery import app

from . import claims, storms
from .tally import tally
from .watch import lookout, overdue, signs, ticks

_broker: redis.Redis | None = None


def tick() -> None:
    """Claims what is due now and sends each endpoint to the probe queue, to expire when its next probe is due."""
    now = time.time()
    ticks.notice("tick", signs.seen("tick"))
    storms.look_ahead(now)
    due = claims.claim(now)
    task = app.tasks["fleet.tasks.probe"]
    if due:
        with app.producer_pool.acquire(block=True) as producer:
            for claim in due:
                task.apply_async(
                    (claim.endpoint_id, claim.team_id, claim.slow, claim.due_at, claim.expires_at),
                    producer=producer,
                    expires=max(claim.expires_at - now, 1),
                )
    pulse("tick")
    overdue.sweep(now)
    lookout.look(now)


def pulse_probe() -> None:
    """A sign of life from the probe workers; a gap before it is a time in which nobody was looked at."""
    ticks.notice("pulse", signs.seen("pulse"))
    pulse("pulse")
    overdue.sweep(time.time())
    tally.tell()  # where few are looked at, the next probe is far off


def pulse(name: str) -> None:
    """Notes in the broker that this part does its work: key "plimsoll:<name>", unix seconds."""
    global _broker
    if _broker is None:
        _broker = redis.Redis.from_url(settings.REDIS_URL)
    _broker.set(f"plimsoll:{name}", f"{time.time():.3f}", ex=3600)
