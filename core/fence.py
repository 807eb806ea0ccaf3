"""A fence round each item of a sweep: what raises costs that item alone.

It is put off with a growing back-off, given up after a day, logged with its traceback the first time only, and kept in
core.models.PutOff, where pages show it to its team. What is no item's fault (the database or the broker is away) ends
the sweep as before: every other item would fail as well.
"""

import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import redis
from django.db import IntegrityError, InterfaceError, OperationalError
from django.db.models import CharField, Q
from kombu.exceptions import OperationalError as BrokerError

from . import prepared
from .models import PutOff
from .redaction import redact

log = logging.getLogger(__name__)

T = TypeVar("T")

NOT_THE_ITEMS_FAULT = (OperationalError, InterfaceError, BrokerError, redis.RedisError, MemoryError)

GIVE_UP_AFTER = timedelta(days=1)
LONGEST_WAIT = timedelta(minutes=15)
"""Between two tries, before the quarter that `retry_after` may add by chance."""
KEEP = timedelta(days=30)
"""How long an item that nobody tried again is listed."""

AT_MOST = timedelta(minutes=20)
"""Nothing is put off for longer. What is to wait beyond it was put off before the clock was set back, and is due."""

GONE = timedelta(days=2)
"""After so long without the next try its row is gone: every sweep comes by at least daily."""


_any_put_off = prepared.exist(lambda: [PutOff.objects.filter(sweep=prepared.Parameter("sweep", CharField()))])


@dataclass(frozen=True, slots=True)
class Item:
    """Who an item of a sweep is."""

    key: str  # the same each time, within its sweep
    name: str  # as people know it
    team_id: int | None = None


def each(sweep: str, rows: Iterable[T], work: Callable[[T], object], item: Callable[[T], Item]) -> int:
    """Does `work` for every row that is not put off; returns for how many it gave something true.

    `work` brings its own transaction where it writes, so that what it began is undone when it raises.
    """
    known = {row.key: row for row in PutOff.objects.filter(sweep=sweep)} if any(_any_put_off(sweep=sweep)) else {}
    now, done = datetime.now(UTC), 0
    for row in rows:
        who = item(row)
        before = known.get(who.key)
        if before and (before.next_try_at is None or now < before.next_try_at <= now + AT_MOST):
            continue
        try:
            done += bool(work(row))
        except NOT_THE_ITEMS_FAULT:
            raise
        except Exception as error:
            _put_off(sweep, who, before, error)
        else:
            if before:
                before.delete()
    return done


def put_off(sweep: str, who: Item, error: Exception) -> PutOff:
    """Puts one item off that is worked on by itself, from within the `except` block; returns when it is tried again."""
    return _put_off(sweep, who, PutOff.objects.filter(sweep=sweep, key=who.key).first(), error)


def _put_off(sweep: str, who: Item, before: PutOff | None, error: Exception) -> PutOff:
    now = datetime.now(UTC)
    since, attempts = (before.since, before.attempts + 1) if before else (now, 1)
    given_up = now - since > GIVE_UP_AFTER
    if before is None:
        log.exception("%s: %s could not be done and is put off; the others go on.", sweep, who.name)
    elif given_up:
        log.warning("%s: %s is given up after %d tries.", sweep, who.name, attempts)
    values = {
        "name": who.name[:200],
        "team_id": who.team_id,
        "why": redact(f"{type(error).__name__}: {error}")[:500],
        "attempts": attempts,
        "since": since,
        "tried_at": now,
        "next_try_at": None if given_up else now + retry_after(attempts, random.random()),
    }
    try:
        return PutOff.objects.update_or_create(sweep=sweep, key=who.key, defaults=values)[0]
    except IntegrityError:
        log.info("%s: the team of %s was removed meanwhile.", sweep, who.name)
        return PutOff(sweep=sweep, key=who.key, **{**values, "team_id": None})


def retry_after(attempts: int, random_share: float) -> timedelta:
    """How long to wait after so many attempts: 5 s doubling up to 15 min, and up to a quarter more by chance."""
    seconds = min(5 * 2 ** min(attempts - 1, 10), LONGEST_WAIT.total_seconds())
    return timedelta(seconds=seconds * (1 + random_share / 4))


def waiting(sweep: str) -> set[str]:
    """The keys of the items that are not to be tried now."""
    if not any(_any_put_off(sweep=sweep)):
        return set()
    now = datetime.now(UTC)
    later = Q(next_try_at__gt=now, next_try_at__lte=now + AT_MOST)
    rows = PutOff.objects.filter(Q(next_try_at=None) | later, sweep=sweep)
    return set(rows.values_list("key", flat=True))


def try_again(put_off: PutOff) -> None:
    """Has the next sweep try it once more, and give up a day later at the earliest."""
    now = datetime.now(UTC)
    PutOff.objects.filter(pk=put_off.pk).update(since=now, next_try_at=now)


def forget(sweep: str, *keys: str) -> None:
    """Drops items that are no more."""
    PutOff.objects.filter(sweep=sweep, key__in=keys).delete()


def forget_old(now: datetime) -> None:
    """Drops what no sweep came by for a long time: its row is gone, or nobody wants it any more."""
    PutOff.objects.filter(Q(tried_at__lt=now - KEEP) | Q(next_try_at__lt=now - GONE)).delete()
