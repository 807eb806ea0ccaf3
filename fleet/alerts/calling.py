"""Sends what goes by other channels than mail: in lanes, so that a silent service of one team delays nobody else's.

A lane is one channel of one team. Its messages go one after another; lanes go side by side. When a service can't be
reached, its whole lane waits for the end of the back-off; then one message is tried, and when that is taken, the others
follow at once. So it is when a service asks for a pause (Retry-After). Such lanes have a few threads of their own, so
that they never stand before the others.
"""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import NamedTuple

import redis
from django.db import connections
from django.db.models import Case, IntegerField, Max, Min, QuerySet, Value, When

from core.fence import AT_MOST, NOT_THE_ITEMS_FAULT

from ..models import Channel, Message
from ..watch import signs
from . import channels, claims
from .claims import Try

log = logging.getLogger(__name__)

THREADS, SLOW_THREADS = 24, 2
"""For lanes that are well, and for those whose service could not be reached last time. Threads are made when needed."""

TURN_SECONDS = 20.0
"""How long a lane goes on before the others get their turn; a call that began is waited for."""

FAILED = "The sweep that calls webhooks and Apprise services failed. It is tried again; the log has why."


class Lane(NamedTuple):
    """One channel of one team."""

    team: int | None
    channel: str

    def messages(self) -> QuerySet[Message]:
        """What waits in it."""
        return claims.waiting().filter(team=self.team, channel=self.channel)


_well = ThreadPoolExecutor(THREADS, thread_name_prefix="calls")
_slow = ThreadPoolExecutor(SLOW_THREADS, thread_name_prefix="slow-calls")
_lock = threading.Lock()
_busy: set[Lane] = set()


def deliver_calls() -> int:
    """Has the lanes with due messages sent by threads of this process; returns how many lanes began. Waits for none."""
    state, began = FAILED, 0
    try:
        for lane, unreached in _due():
            with _lock:
                if lane in _busy:
                    continue
                _busy.add(lane)
            (_slow if unreached else _well).submit(_work, lane)
            began += 1
        state = ""
        return began
    finally:
        try:
            signs.say("calls", state)
        except redis.RedisError:
            log.debug("the broker is away; /health/ready says so itself")


def _due() -> list[tuple[Lane, bool]]:
    """The lanes with something to send, the longest waiting first, and whether their service was away last time."""
    now = datetime.now(UTC)
    calls = claims.waiting().exclude(channel=Channel.MAIL)
    put_off = calls.filter(last_try=Try.UNREACHED, next_try_at__gt=now, next_try_at__lte=now + AT_MOST)
    closed = {Lane(*row) for row in put_off.values_list("team_id", "channel").distinct()}
    unreached = Max(Case(When(last_try=Try.UNREACHED, then=Value(1)), default=Value(0), output_field=IntegerField()))
    due = calls.filter(claims.is_due(now)).values_list("team_id", "channel")
    rows = due.annotate(unreached=unreached, oldest=Min("created_at")).order_by("oldest")
    found = [(Lane(team, channel), bool(unreached)) for team, channel, unreached, _ in rows]
    return [(lane, unreached) for lane, unreached in found if lane not in closed]


def _work(lane: Lane) -> None:
    """Sends what is due in the lane, one after another, until its service can't be reached or its turn is over."""
    ends = time.monotonic() + TURN_SECONDS
    try:
        while time.monotonic() < ends and (message := _next(lane)) and _send(lane, message):
            pass
    except Exception:  # nobody reads the result of a thread of ours
        log.exception("Calls by %s of team %s broke off; they are tried again.", lane.channel, lane.team)
    finally:
        connections.close_all()
        with _lock:
            _busy.discard(lane)


def _next(lane: Lane) -> Message | None:
    """The next due message, claimed. What could not be reached last time comes first: it stands for all others."""
    due = lane.messages().filter(claims.is_due(datetime.now(UTC)))
    first = Case(When(last_try=Try.UNREACHED, then=Value(0)), default=Value(1), output_field=IntegerField())
    message = due.order_by(first, "created_at", "pk").first()
    return claims.claim(message) if message else None


def _send(lane: Lane, message: Message) -> bool:
    """Sends a claimed message; returns whether the service can be reached, so that the next one is worth a try."""
    if not message.alerts.exists():
        claims.drop(message, "What it was about has been removed.")
        return True
    try:
        call = channels.prepare(message)
        claims.let_go_of_database()
        claims.leaving(message)
        call()
    except claims.Stopping:
        return False
    except channels.TakenAway as error:
        claims.drop(message, str(error))
        return True
    except channels.Unreached as error:
        claims.put_off(message, str(error), Try.UNREACHED, at_least=error.pause)
        return False
    except channels.NotTaken as error:
        claims.put_off(message, str(error), Try.OWN, final=isinstance(error, channels.Refused))
        return True
    except NOT_THE_ITEMS_FAULT:
        raise
    except Exception as error:
        if message.attempts == 1:
            log.exception("Message %d could not be sent and is put off; the others go on.", message.pk)
        claims.put_off(message, f"This message could not be made or sent ({type(error).__name__}).", Try.OWN)
        return True
    claims.sent(message)
    claims.reached_again(lane.messages())
    return True
