"""The way of one message through the outbox: due, claimed by one process, then sent, put off, dropped or given back.

A claim is a lease: a worker that dies loses the lease and not the message. A worker that stops gives its claims back.
"""

import logging
import random
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Q, QuerySet

from core.fence import AT_MOST, GIVE_UP_AFTER, retry_after
from core.turns import in_turn

from ..models import Message
from . import order

log = logging.getLogger(__name__)

Try = Message.Try

LEASE = timedelta(seconds=120)
"""How long a claimed message is ours."""

BATCH = 50

_held: dict[int, datetime] = {}
"""The claims of this process, each with the end of its lease."""

_leaving: set[int] = set()
"""Those of them that the other side may have taken already."""

_changed = threading.Condition()
_stopping = False


class Stopping(Exception):
    """The process is about to stop and has given the message back, so it must not leave any more."""


def waiting() -> QuerySet[Message]:
    """The messages that were not sent yet."""
    return Message.objects.filter(state=Message.State.WAITING)


def is_due(now: datetime) -> Q:
    """The condition on messages to be tried now; whatever clock put them off."""
    return Q(next_try_at__lte=now) | Q(next_try_at__gt=now + AT_MOST)


def due(messages: QuerySet[Message]) -> list[Message]:
    """The next of these waiting messages, a batch, teams in turn; those tried least come first."""
    rows = messages.filter(is_due(datetime.now(UTC)))
    return list(in_turn(rows, "team", "attempts", "created_at", "pk").only("pk", "next_try_at")[:BATCH])


def claim(message: Message) -> Message | None:
    """The message with its team, ours for LEASE; None when another process has it, or this one is stopping.

    None as well when it may not leave now: fleet.alerts.order.
    """
    if not order.may_leave(message):
        return None
    now = datetime.now(UTC)
    until = now + LEASE
    with _changed:
        if _stopping or _held.get(message.pk, now) > now:
            return None
        _held[message.pk] = until
    # The condition makes the claim: whoever moves next_try_at first sends, the others find no row.
    free = waiting().filter(pk=message.pk, next_try_at=message.next_try_at)
    if not free.update(next_try_at=until, attempts=F("attempts") + 1, last_try=Try.RUNNING):
        _forget(message)
        return None
    found = Message.objects.select_related("team").filter(pk=message.pk).first()
    if found is None:  # its team was deleted a moment ago
        _forget(message)
    return found


def leaving(message: Message) -> None:
    """To be called right before the other side gets the message. Raises Stopping when it must not any more."""
    with _changed:
        if message.pk not in _held:
            raise Stopping
        _leaving.add(message.pk)


def extend(message: Message, by: timedelta, why: str) -> None:
    """Has a message of ours stay ours until `by` from now, while the other side takes its time; pages show `why`."""
    until = datetime.now(UTC) + by
    with _changed:
        held = _held.get(message.pk)
        mine = waiting().filter(pk=message.pk, next_try_at=held)
        if held and mine.update(next_try_at=until, error=why[:500]):
            _held[message.pk] = until


def sent(message: Message) -> None:
    """The other side has taken it."""
    _settle(message, state=Message.State.SENT, sent_at=datetime.now(UTC), next_try_at=None, error="", last_try="")


def put_off(
    message: Message,
    why: str,
    last_try: Message.Try,
    *,
    final: bool = False,
    at_least: timedelta = timedelta(),
    at_most: timedelta = GIVE_UP_AFTER,
) -> None:
    """It is tried again after a growing back-off within these limits; given up after a day, or at once if `final`."""
    now = datetime.now(UTC)
    wait = max(at_least, min(at_most, retry_after(message.attempts, random.random())))
    given_up = final or now - message.created_at > GIVE_UP_AFTER
    log.warning("%s to %s was not taken (try %d): %s", message.channel, message.recipient, message.attempts, why)
    _settle(
        message,
        state=Message.State.GIVEN_UP if given_up else Message.State.WAITING,
        next_try_at=None if given_up else now + wait,
        error=why[:500],
        last_try=last_try,
    )


def drop(message: Message, why: str) -> None:
    """Nobody is to get it any more. That is no failure."""
    _settle(message, state=Message.State.DROPPED, next_try_at=None, error=why[:500], last_try="")


def reached_again(messages: QuerySet[Message]) -> None:
    """The other side of these answers again: none waits for the end of its back-off."""
    messages.filter(last_try=Try.UNREACHED).update(next_try_at=datetime.now(UTC))


def unreached(messages: QuerySet[Message], pause: timedelta) -> None:
    """The other side of these is away for all: none is tried before the pause is over, or `reached_again`."""
    until = datetime.now(UTC) + pause
    messages.filter(next_try_at__lt=until).update(next_try_at=until, last_try=Try.UNREACHED)


def let_go_of_database() -> None:
    """Closes this thread's database connection, before it waits for others. Django opens the next by itself."""
    if not connection.in_atomic_block:
        connection.close()


def stop(patience: float = 3.0) -> None:
    """Gives back what this process claimed, so that it need not wait for the lease; no claim succeeds afterwards.

    What is just leaving gets `patience` seconds for its answer, so that what was taken is not sent twice.
    """
    global _stopping
    with _changed:
        _stopping = True
        _give_back([pk for pk in _held if pk not in _leaving])
        _changed.wait_for(lambda: not _held, patience)
        _give_back(list(_held))
    connection.close()


def _give_back(claims: list[int]) -> None:
    for pk in claims:
        mine = waiting().filter(pk=pk, next_try_at=_held.pop(pk))
        mine.update(next_try_at=datetime.now(UTC), attempts=F("attempts") - 1, last_try=Try.NONE)


def _settle(message: Message, **values: Any) -> None:
    waiting().filter(pk=message.pk).update(**values)
    _forget(message)


def _forget(message: Message) -> None:
    with _changed:
        _held.pop(message.pk, None)
        _leaving.discard(message.pk)
        _changed.notify_all()
