"""What one more reading makes of an endpoint, and how many of them are stored in one short transaction."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from time import time
from typing import Any

from django.db import connection
from django.db.models import F
from django.db.models.lookups import In

from core import columns, prepared
from core.database import writing
from core.models import PutOff

from ..engines.errors import Cause
from ..engines.reading import Facts, Reading
from ..evidence.collect import Collecting, collect
from ..history import day_strip
from ..history.sort_figures import sort_figures
from ..incidents import downtime, lifecycle
from ..load import hours
from ..models import BlindStretch, Change, Endpoint, EndpointState, Observation, Trace
from ..verdict.judge import depends_on_blindness, judge
from ..verdict.status import Standing, Status
from . import shares
from .changes import differences
from .probe_counts import counts
from .put_off import SWEEP
from .states import read_one

log = logging.getLogger(__name__)

SHOW_EVERY = timedelta(seconds=15)
"""After this a board row is drawn again although nothing but its figures moved."""

_FIELDS = {column.attname: column for column in columns.of(EndpointState) if not column.primary_key}
_ASKED = [column.attname for column in columns.of(Endpoint)]
_LOCKED = columns.of(EndpointState, "endpoint", "probed_at", "shown_at")
_TRACE = [*columns.of(Trace, "exchanges"), *columns.of(Observation, "endpoint", "at")]

_lock = prepared.rows_by_key(
    lambda keys: (
        EndpointState.objects.filter(In(F("endpoint_id"), keys)).locked().values_list("pk", "probed_at", "shown_at")
    )
)
_INSERT_TRACE = f"""
INSERT INTO {Trace._meta.db_table} ("observation_id", "exchanges")
SELECT max("id"), %s FROM {Observation._meta.db_table} WHERE "endpoint_id" = %s AND "at" = %s"""


@dataclass(slots=True)
class Judged:
    """A probe that is ready to be written."""

    state: EndpointState  # as it is from now on
    reading: Reading
    took: float | None  # seconds
    started_from: tuple[
        datetime | None, datetime | None
    ]  # probed_at and shown_at of the row that the probe started from
    moved: dict[str, Any]  # the columns that change
    observation: dict[str, Any]  # the fields of an Observation
    changes: list[Change]
    hours: list[hours.Packed]  # of load that are over
    before: Standing
    after: Standing
    last_seen: dict[str, Any]
    was_overdue: bool
    show: bool  # the endpoint's row on the board has to be drawn again


def judged(state: EndpointState, reading: Reading, late_ms: float | None, took: float | None = None) -> Judged:
    """Judges a reading. `took` is how many seconds the probe lasted, if that is known.

    `state` is what fleet.probing.states gave before the probe; it is changed, and not saved.
    """
    started_from = (state.probed_at, state.shown_at)
    old = {name: getattr(state, name) for name in _FIELDS}
    face, last_seen = state.face(), state.last_seen()
    memory, before, rules = state.memory(), state.standing(), state.rules()
    blind = BlindStretch.current() if depends_on_blindness(memory, reading) else None

    verdict = judge(memory, before, reading, rules, blind.reason if blind else "", time())

    at, finding, load = datetime.fromtimestamp(reading.at, UTC), verdict.finding, reading.load
    engine = reading.identity.engine if reading.identity else old["engine"]
    found = [] if reading.failure else differences(old["engine"], memory.facts, engine, reading.facts)
    changes = [Change(endpoint_id=state.pk, at=at, **difference._asdict()) for difference in found]
    excluded = "blind" if finding.cause is Cause.BLIND else "maintenance" if state.marks.get("maintenance") else ""
    counted = Status.UNKNOWN if excluded else finding.status
    state.take(reading)
    state.settle(verdict, at)
    interval = state.endpoint.interval * state.stretch
    if state.due_at is not None and any(exchange.step == "canary" for exchange in reading.exchanges):
        # A canary holds the next probe up, and the endpoint was asked all that time: it is no gap in the watch.
        interval = max(interval, ceil(state.due_at - reading.at))
    state.strip = day_strip.add(state.strip, reading.at, counted, reading.latency_ms, load.at_work, interval)
    show = state.face() != face or state.shown_at is None or datetime.now(UTC) - state.shown_at >= SHOW_EVERY
    if show:
        state.shown_at = datetime.now(UTC)
    if took is not None and finding.cause is not Cause.BLIND:
        state.probe_seconds = shares.smoothed(state.probe_seconds, took)
    moved = {name: value for name in _FIELDS if (value := getattr(state, name)) != old[name]}
    collected, over = _collected(state, memory.facts, reading, bool(excluded))
    # A dispatcher may have claimed the next probe meanwhile: this one shows that the endpoint is probed.
    moved |= {"collected": collected, "waiting_since": None, "not_probed_since": None}
    moved |= sort_figures(state.known(), load, state.strip, reading.at)
    observation = {
        "endpoint": state.pk,
        "at": at,
        "status": finding.status,
        "cause": finding.cause or "",
        "step": finding.step,
        "detail": finding.detail[:500],
        "latency_ms": reading.latency_ms,
        "interval": interval,
        "late_ms": late_ms,
        "running": load.running,
        "waiting": load.waiting,
        "kv_cache_usage": load.kv_cache_usage,
        "generation_tokens": load.generation_tokens,
        "busy": load.at_work,
        "canary_ms": reading.canary.ms if reading.canary else None,
        "excluded": excluded,
    }
    was_overdue = old["not_probed_since"] is not None
    return Judged(
        state=state,
        reading=reading,
        took=took,
        started_from=started_from,
        moved=moved,
        observation=observation,
        changes=changes,
        hours=over,
        before=before,
        after=verdict.standing,
        last_seen=last_seen,
        was_overdue=was_overdue,
        show=show,
    )


def judged_again(dropped: Judged) -> Judged | None:
    """A reading that was not stored, judged by the row as it is now; None where it is no answer any more, since the
    endpoint was changed, paused or removed, or another probe was quicker.

    What moves a row besides is muting: whoever silences an endpoint that hangs would cost it the probe under way.
    """
    state = read_one(dropped.state.pk)
    if state is None or state.probed_at != dropped.started_from[0]:
        return None
    if any(getattr(state.endpoint, name) != getattr(dropped.state.endpoint, name) for name in _ASKED):
        return None
    return judged(state, dropped.reading, dropped.observation["late_ms"], dropped.took)


def _collected(
    state: EndpointState, known: Facts, reading: Reading, excluded: bool
) -> tuple[dict[str, Any], list[hours.Packed]]:
    """The hour of load under way after this reading, and those that are over by it."""
    try:
        so_far = Collecting.from_json(state.collected)
        over = [hours.packed(state.pk, hour) for hour in collect(so_far, known, reading, excluded)]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        log.warning("What was collected of %s's load can't be read and begins afresh: %r", state.endpoint, error)
        so_far, over = Collecting(), []
        collect(so_far, known, reading, excluded)
    return so_far.to_json(), over


def write(batch: Iterable[Judged]) -> list[Judged]:
    """Stores probes with their incidents and alerts, all in one transaction; returns those that were stored.

    A probe is not stored when its row was moved meanwhile: see judged_again.
    """
    batch = list(batch)
    with writing():
        rows = columns.loaded(_LOCKED, _lock(each.state.pk for each in batch))
        found = {pk: rest for pk, *rest in rows}
        stored = [each for each in batch if found.pop(each.state.pk, None) == list(each.started_from)]
        _update(stored)
        _insert(stored)
        Change.objects.bulk_create(change for each in stored for change in each.changes)
        if over := [hour for each in stored for hour in each.hours]:
            hours.store(over)
        for each in stored:
            interval, excluded = each.observation["interval"], each.observation["excluded"]
            downtime.leave_out(each.state, each.before, each.started_from[0], interval, excluded)
            lifecycle.follow(each.state, each.before, each.after, each.last_seen)
        if recorded := [str(each.state.pk) for each in stored if each.was_overdue]:
            PutOff.objects.filter(sweep=SWEEP, key__in=recorded).delete()
    for each in stored:
        counts.add(*(each.observation[name] for name in ("status", "cause", "late_ms")))
    return stored


def _update(batch: list[Judged]) -> None:
    """Those in which the same columns move go in one executemany: bulk_update compares every row in every column."""
    groups: dict[tuple[str, ...], list[list[Any]]] = defaultdict(list)
    for each in batch:
        groups[tuple(each.moved)].append([*each.moved.values(), each.state.pk])
    with connection.cursor() as cursor:
        for names, rows in groups.items():
            moved = ", ".join(f'"{_FIELDS[name].column}" = %s' for name in names)
            update = f'UPDATE {EndpointState._meta.db_table} SET {moved} WHERE "endpoint_id" = %s'
            cursor.executemany(update, columns.stored([*(_FIELDS[name] for name in names), *_LOCKED[:1]], rows))


def _insert(batch: list[Judged]) -> None:
    """Each reading, and its requests beside it."""
    if not batch:
        return
    observed = columns.of(Observation, *batch[0].observation)
    names, places = ", ".join(f'"{column.column}"' for column in observed), ", ".join("%s" for _ in observed)
    insert = f"INSERT INTO {Observation._meta.db_table} ({names}) VALUES ({places})"
    traces = [(each.state.ladder, each.observation["endpoint"], each.observation["at"]) for each in batch]
    with connection.cursor() as cursor:
        cursor.executemany(insert, columns.stored(observed, [each.observation.values() for each in batch]))
        cursor.executemany(_INSERT_TRACE, columns.stored(_TRACE, traces))
