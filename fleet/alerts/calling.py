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
from django.db.models import Case, IntegerField, Min, QuerySet, Value, When

from core import prepared, signs_of_life
from core.fence import NOT_THE_ITEMS_FAULT

from ..models import Channel, Message
from . import channels, claims
from .claims import Try

log = logging.getLogger(__name__)

THREADS, SLOW_THREADS = 24, 16
"""For lanes that are quick, and for those whose last call took over SLOW_AFTER. Threads are made when needed."""

SLOW_AFTER = 2.0
"""Seconds of a call."""

TURN_SECONDS = 5.0
"""How long a lane goes on before the others get their turn; a call that began is waited for."""

FAILED = "The sweep that calls webhooks and Apprise services failed. It is tried again; the log has why."


class Lane(NamedTuple):
    """One channel of one team."""

    team: int | None
    channel: str

    def messages(self) -> QuerySet[Message]:
        """What waits in it."""
        return claims.waiting().filter(team=self.team, channel=self.channel)


_quick = ThreadPoolExecutor(THREADS, thread_name_prefix="calls")
_slow = ThreadPoolExecutor(SLOW_THREADS, thread_name_prefix="slow-calls")
_lock = threading.Lock()
_any_left = prepared.exist(lambda: [claims.waiting().exclude(channel=Channel.MAIL)])
_busy: set[Lane] = set()
_slow_lanes: set[Lane] = set()
"""Those whose last call took over SLOW_AFTER. After a start all count as quick."""


def deliver_calls() -> int:
    """Has the lanes with due messages sent by threads of this process; returns how many lanes began. Waits for none."""
    state, began = FAILED, 0
    try:
        for lane in _due() if any(_any_left()) else ():
            with _lock:
                if lane in _busy:
                    continue
                _busy.add(lane)
            (_slow if lane in _slow_lanes else _quick).submit(_work, lane)
            began += 1
        state = ""
        return began
    finally:
        try:
            signs_of_life.set_trouble("calls", state)
        except redis.RedisError:
            log.debug("the broker is away; /health/ready says so itself")


def _due() -> list[Lane]:
    """The lanes with something to send whose service is not waited for, the longest waiting first."""
    now = datetime.now(UTC)
    calls = claims.waiting().exclude(channel=Channel.MAIL)
    put_off = calls.filter(last_try=Try.UNREACHED, next_try_at__gt=now)
    closed = {Lane(*row) for row in put_off.values_list("team_id", "channel").distinct()}
    due = calls.filter(next_try_at__lte=now).values_list("team_id", "channel")
    rows = due.annotate(oldest=Min("created_at")).order_by("oldest")
    return [lane for team, channel, _ in rows if (lane := Lane(team, channel)) not in closed]


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
        began = time.monotonic()
        try:
            call()
        finally:
            slow = time.monotonic() - began > SLOW_AFTER
            (_slow_lanes.add if slow else _slow_lanes.discard)(lane)
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
