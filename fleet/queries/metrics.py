"""What GET /metrics shows, read at that moment from the database and the broker, whatever number of processes runs."""

import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import redis
from celery import current_app
from django.db.models import Case, CharField, Count, Min, Q, Value, When
from django.utils import timezone

from core import redis_keys, schedule
from core.health import BEAT_KEY, DELIVERY_KEY, PROBE_KEY
from core.redis_clients import client
from teams.tokens import Bearer

from .. import viewers
from ..access import seen, sees_all
from ..models import Alert, BlindStretch, EndpointState, Incident, Message
from ..probing import probe_counts
from ..probing.overdue import first_due
from ..verdict.status import Status

PARTS = {"dispatcher": BEAT_KEY, "probe_worker": PROBE_KEY, "delivery_worker": DELIVERY_KEY}


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database knows. The first four are of the endpoints that the token may see; see `sees_all`, too."""

    endpoints: dict[str, int]  # status -> how many
    incidents: dict[tuple[str, str], int]  # (status, "yes" or "no": acknowledged) -> how many are open
    alerts: dict[str, int]  # "waiting", "held", "gathered", "dropped" -> how many are stored
    messages: dict[tuple[str, str], int]  # (channel, state) -> how many are stored
    overdue: float | None  # seconds since the oldest due probe was due that is not recorded; None: nothing is watched
    blind: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """The messages of one queue that no worker has taken yet."""

    length: int
    age: float | None  # seconds since the oldest was sent; None: it does not say


@dataclass(frozen=True, slots=True)
class FromBroker:
    """What the broker knows."""

    queues: dict[str, Queue]
    ages: dict[str, float]  # part -> seconds since its last sign of life; without those that gave none
    found: dict[tuple[str, str], int]  # (status, cause) -> probes
    late: dict[str, int]  # bound in seconds, or "more" -> probes that began so late
    late_sum: float  # seconds
    viewers: int
    work: dict[str, float]  # task of the schedule -> seconds since it finished
    skipped: dict[str, int]  # task of the schedule -> runs skipped, since the one before had not ended


def stored(bearer: Bearer) -> Stored:
    """What the database knows, in six queries."""
    now = timezone.now()
    states = seen(bearer, EndpointState.objects.order_by(), "endpoint__team").values_list("status")
    waiting = EndpointState.objects.order_by()
    waiting = waiting if sees_all(bearer) else seen(bearer, waiting, "endpoint__team")
    due = waiting.watched().aggregate(first=Min(first_due()))["first"]
    return Stored(
        endpoints={status.value: 0 for status in Status} | dict(states.annotate(Count("pk"))),
        incidents=_incidents(bearer, now),
        alerts=_alerts(bearer, now),
        messages=_messages(bearer),
        overdue=None if due is None else max(0.0, now.timestamp() - due),
        blind=BlindStretch.objects.filter(ended_at=None).exists(),
    )


def _incidents(bearer: Bearer, now: Any) -> dict[tuple[str, str], int]:
    rows = seen(bearer, Incident.objects.open().with_acknowledged(now).order_by(), "endpoint__team")
    counted = rows.values_list("status", "acknowledged").annotate(Count("pk"))
    none = {(s.value, word): 0 for s in (Status.DOWN, Status.DEGRADED) for word in ("no", "yes")}
    return none | {(status, "yes" if taken else "no"): number for status, taken, number in counted}


def _alerts(bearer: Bearer, now: Any) -> dict[str, int]:
    state = Case(
        When(~Q(dropped=""), then=Value("dropped")),
        When(message__isnull=False, then=Value("gathered")),
        When(hold_until__gt=now, then=Value("held")),
        When(over_limit=True, then=Value("held")),
        default=Value("waiting"),
        output_field=CharField(),
    )
    rows = seen(bearer, Alert.objects.order_by(), "team").annotate(now_is=state).values_list("now_is")
    return dict.fromkeys(("waiting", "held", "gathered", "dropped"), 0) | dict(rows.annotate(Count("pk")))


def _messages(bearer: Bearer) -> dict[tuple[str, str], int]:
    rows = seen(bearer, Message.objects.order_by(), "team").values_list("channel", "state").annotate(Count("pk"))
    return {(channel, state): number for channel, state, number in rows}


def from_broker() -> FromBroker | None:
    """What the broker knows, in one round trip; None while it does not answer within a second."""
    names = [queue.name for queue in current_app.conf.task_queues]
    try:
        with client(1.0).pipeline(transaction=False) as batch:
            batch.mget(PARTS.values())
            batch.hgetall(probe_counts.KEY)
            batch.hgetall(viewers.KEY)
            batch.hgetall(schedule.KEY)
            for name in names:
                batch.llen(redis_keys.queue(name))
                batch.lindex(redis_keys.queue(name), -1)  # Celery pushes on the left, so the oldest is the last
            signs, counts, boards, work, *queues = batch.execute()
    except redis.RedisError:
        return None
    waiting = dict(zip(names, zip(queues[::2], queues[1::2], strict=True), strict=True))
    return _read(signs, _text(counts), _text(boards), _text(work), waiting)


def _read(
    signs: list[Any],
    counts: dict[str, str],
    boards: dict[str, str],
    work: dict[str, str],
    queues: dict[str, tuple[int, Any]],
) -> FromBroker:
    now = time.time()
    found: Counter[tuple[str, str]] = Counter()
    late: Counter[str] = Counter()
    for field, number in counts.items():
        kind, _, rest = field.partition("|")
        if kind == "found":
            status, _, cause = rest.partition("|")
            found[status, cause] += int(number)
        elif rest != "sum":
            late[rest] += int(number)
    return FromBroker(
        queues={name: Queue(length, _age(length, oldest, now)) for name, (length, oldest) in queues.items()},
        ages={part: max(0.0, now - float(at)) for part, at in zip(PARTS, signs, strict=True) if at},
        found=dict(found),
        late=dict(late),
        late_sum=int(counts.get("late|sum", 0)) / 1e6,
        viewers=viewers.total(boards, now),
        work=schedule.ages(work, schedule.periods(), now),
        skipped=schedule.skipped(work),
    )


def _age(length: int, oldest: bytes | None, now: float) -> float | None:
    if not length:
        return 0.0
    sent_at = json.loads(oldest)["headers"].get("sent_at") if oldest else None
    return max(0.0, now - sent_at) if sent_at is not None else None


def _text(raw: dict[bytes, bytes]) -> dict[str, str]:
    return {key.decode(): value.decode() for key, value in raw.items()}
