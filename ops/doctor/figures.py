"""The figures that checks.py judges, read from the database, the broker, the disk and /proc."""

import os
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, Model, Q

from core import postgres
from core.fence import GIVE_UP_AFTER
from core.health import STALE_AFTER
from core.redis_clients import client
from fleet.history.upkeep import KEEP_OBSERVATIONS, KEEP_ROLLUPS
from fleet.models import Endpoint, EndpointState, Message, Observation, Rollup
from fleet.muting.limits import WINDOW_MAX
from fleet.probing import capacity, shares
from fleet.queries.metrics import from_broker
from teams.models import Team

from .checks import Figures, Quota
from .processes import memory_limit, processes

NEWEST = 2000
"""Observations from which lateness and growth are worked out."""

SPAN_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}

ROW_EXTRA = 100
"""Bytes that a row of the history takes besides its values: its header, and its entries in two indexes."""


def figures(now: datetime | None = None) -> Figures:
    """Reads all of them. Raises DatabaseError; a broker that does not answer leaves its figures out."""
    now = now or datetime.now(UTC)
    running, disk = processes(), shutil.disk_usage(settings.DATA)
    broker, broker_limit = _broker()
    known = from_broker()
    waiting = Message.objects.filter(state=Message.State.WAITING).aggregate(number=Count("pk"), first=Min("created_at"))
    return Figures(
        stale_after=STALE_AFTER,
        given_up_after=GIVE_UP_AFTER.total_seconds(),
        processes=running,
        memory_limit=memory_limit(sum(each.memory for each in running)),
        disk_used=disk.total - disk.free,
        disk_total=disk.total,
        threads=sum(capacity.workers(now.timestamp())),
        queues={name: (queue.length, queue.age) for name, queue in known.queues.items()} if known else None,
        waiting=waiting["number"],
        oldest=(now - waiting["first"]).total_seconds() if waiting["first"] else 0.0,
        quotas=list(_quotas(now)),
        broker=broker,
        broker_limit=broker_limit,
        **_probes(),
        **_history(now),
        **_database(),
    )


def _probes() -> dict[str, Any]:
    """What the endpoints need of the probe threads, by Little's law: seconds of a thread in each second."""
    needed = {False: 0.0, True: 0.0}
    probes_a_second = 0.0
    rows = EndpointState.objects.watched().order_by()
    for interval, seconds in rows.values_list("endpoint__interval", "probe_seconds"):
        probes_a_second += 1 / interval
        needed[shares.slow(seconds)] += seconds / interval
    return {"fast": needed[False], "slow": needed[True], "probes_a_second": probes_a_second}


def _history(now: datetime) -> dict[str, Any]:
    """Lateness of the newest probes, and how fast and how far the history grows, in bytes."""
    newest = list(Observation.objects.order_by("-pk")[:NEWEST])
    recent = [row for row in newest if row.at > now - timedelta(minutes=5)]
    late = sorted(row.late_ms for row in recent if row.late_ms is not None)
    found = {"late": late[int((len(late) - 1) * 0.99)] / 1000 if late else None, "growth": None, "to_come": None}
    if len(recent) < 2 or recent[0].at <= recent[-1].at:
        return found
    endpoints = Endpoint.objects.filter(paused=False).count()
    a_day = len(recent) / (recent[0].at - recent[-1].at).total_seconds() * 86_400 * _row_size(newest)
    oldest = Observation.objects.order_by("pk").values_list("at", flat=True).first()
    growth, to_come = a_day, a_day * _days(KEEP_OBSERVATIONS, oldest, now)
    rollup = _row_size(Rollup.objects.order_by("-pk")[:200])
    for span, keep in KEEP_ROLLUPS.items():
        a_day = endpoints * 86_400 / SPAN_SECONDS[span] * rollup
        growth += a_day
        to_come += a_day * _days(keep, Rollup.objects.filter(span=span).aggregate(first=Min("start"))["first"], now)
    return found | {"growth": growth, "to_come": to_come}


def _days(keep: timedelta, oldest: datetime | None, now: datetime) -> float:
    """For how many more days rows are added until the first of them are as old as they get."""
    return max(0.0, (keep - (now - (oldest or now))) / timedelta(days=1))


def _row_size(rows: Iterable[Model]) -> float:
    """Bytes that one of these rows takes, about; 0 where there is none."""
    sizes = [
        ROW_EXTRA + sum(len(str(getattr(row, field.attname))) for field in row._meta.concrete_fields) for row in rows
    ]
    return sum(sizes) / len(sizes) if sizes else 0.0


def _database() -> dict[str, Any]:
    if connection.vendor != "postgresql":
        return {"sqlite": os.path.getsize(Path(connection.settings_dict["NAME"]))}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = current_user")
        return {"connections": cursor.fetchone()[0], "connections_limit": postgres.allowed()}


def _broker() -> tuple[int | None, int | None]:
    """Bytes that the broker uses, and those it may use: its own limit, or else the machine's memory."""
    try:
        memory = client(1.0).info("memory")
    except redis.RedisError:
        return None, None
    return memory["used_memory"], memory["maxmemory"] or memory["total_system_memory"]


def _quotas(now: datetime) -> Iterable[Quota]:
    """The fullest team of each setting that limits what a team has."""
    silences = Q(silences__ends_at__gt=now)
    windows = ~Q(maintenance_windows__repeats="once") | Q(maintenance_windows__starts_at__gt=now - WINDOW_MAX)
    mails = Q(messages__channel="mail") & (
        Q(messages__state=Message.State.WAITING) | Q(messages__sent_at__gt=now - timedelta(hours=1))
    )
    counted = {
        "ENDPOINTS_PER_TEAM": Count("endpoints"),
        "WINDOWS_PER_TEAM": Count("maintenance_windows", filter=windows),  # a few that are over count, too
        "SILENCES_PER_TEAM": Count("silences", filter=silences),
        "TOKENS_PER_TEAM": Count("api_tokens"),
        "MAILS_PER_HOUR": Count("messages", filter=mails),
    }
    for setting, number in counted.items():
        rows = Team.objects.annotate(number=number).order_by("-number").values_list("name", "number")
        for name, used in rows[:1]:
            yield Quota(setting, name, used, getattr(settings, setting))
