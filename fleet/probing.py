"""The way a probe takes: claim what is due, ask, and record the answer in one short transaction."""

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from core import fence

from . import canaries, incidents, live, schedule, strip
from .changes import Difference, differences
from .engines.errors import Cause
from .engines.probe import probe
from .engines.reading import Facts, Failure, Reading, facts_from_json, to_json
from .judging import judge, settle, standing_of, thresholds_of
from .models import Change, EndpointState, Observation, Trace
from .status import Finding, Standing, Status, decide, doubts
from .tally import tally

CLAIMS = "claims"
"""The sweep, as core.fence knows it."""

IDENTIFY_EVERY = 24 * 3600
"""Seconds after which we ask again who answers there."""

MISSED_AFTER = 5
MISSED_AT_ONCE = 100
"""Endpoints overdue by more than MISSED_AFTER s (after a stop) are caught up in portions, not in one stampede."""

FROZEN_AFTER = 2.0
"""Seconds over its deadline after which a probe did not run out of time: this process stood still."""

SHOW_EVERY = 15
"""Seconds after which a board row is shown anew although nothing but its figures moved."""

_one_writer = threading.Lock()
_COLUMNS = [field for field in EndpointState._meta.concrete_fields if not field.primary_key]


@dataclass(frozen=True, slots=True)
class Claim:
    """An endpoint that this dispatcher, and no other, sends to be probed."""

    endpoint_id: int
    due_at: int  # unix seconds
    expires_at: int  # when the next probe is due, and this one is worth nothing any more


def claim(now: float) -> list[Claim]:
    """Claims what is due at `now` (unix seconds). Several dispatchers may run: each row goes to one of them."""
    fields = ("due_at", "endpoint__interval", "endpoint__name", "endpoint__team_id")
    due = EndpointState.objects.order_by("due_at").only(*fields).select_related("endpoint")
    if held := fence.waiting(CLAIMS):
        due = due.exclude(pk__in=held)  # they stay due, and must not fill the portion
    rows = [
        *due.filter(due_at__lte=now, due_at__gt=now - MISSED_AFTER),
        *due.filter(due_at__lte=now - MISSED_AFTER)[:MISSED_AT_ONCE],
    ]
    if not rows:
        return []
    following: dict[int, int] = {}

    def plan(row: EndpointState) -> None:
        following[row.pk] = schedule.next_due(now, row.endpoint.interval, str(row.pk))

    def item(row: EndpointState) -> fence.Item:
        return fence.Item(str(row.pk), row.endpoint.name, row.endpoint.team_id)

    fence.each(CLAIMS, rows, plan, item)
    with _writing():
        return [taken for row in rows if row.pk in following and (taken := _take(row, following[row.pk]))]


def _take(row: EndpointState, following: int) -> Claim | None:
    # The condition on due_at is what makes the claim: not exactly one row means that someone was first.
    rows = EndpointState.objects.filter(pk=row.pk, due_at=row.due_at).update(due_at=following)
    return Claim(row.pk, row.due_at or 0, following) if rows == 1 else None


def run(endpoint_id: int, due_at: int, expires_at: int) -> None:
    """Probes one endpoint and records what it learned; the times are unix seconds.

    A probe that waited until its next one is due is dropped, and so is that of an endpoint gone or paused meanwhile.
    """
    if time.time() >= expires_at:
        return
    state = state_of(endpoint_id)
    if state is None:
        return
    late_ms = max(0.0, (time.time() - due_at) * 1000)
    if record(state, canaries.ask(state, _ask(state)), late_ms):
        live.publish([endpoint_id])


def state_of(endpoint_id: int) -> EndpointState | None:
    """The state that a probe starts from; None for an endpoint that is gone or paused."""
    states = EndpointState.objects.select_related("endpoint")
    return states.filter(endpoint_id=endpoint_id, endpoint__paused=False).first()


def _ask(state: EndpointState) -> Reading:
    endpoint = state.endpoint
    stale = not state.identified_at or time.time() - state.identified_at.timestamp() > IDENTIFY_EVERY
    options: dict[str, Any] = {
        "known": facts_from_json(state.facts),
        "api_key": endpoint.api_key or None,
        "verify": endpoint.verify_tls,
        "timeout": schedule.deadline(endpoint.timeout, doubts(standing_of(state), thresholds_of(endpoint))),
    }
    reading = _probe(endpoint.url, engine=endpoint.engine or state.engine or None, identify=stale, **options)
    moved = reading.failure and reading.failure.cause is Cause.WRONG_ENGINE
    if moved and not endpoint.engine and reading.identity:
        # Nobody pinned the engine, so a new one is news for the change log, not trouble. Its facts start afresh.
        options["known"] = Facts()
        return _probe(endpoint.url, engine=reading.identity.engine, identify=True, **options)
    return reading


def _probe(url: str, *, timeout: float, **options: Any) -> Reading:
    """A probe that tells a server that hangs from a worker that did: no probe lasts that much longer than allowed."""
    began = time.monotonic()
    reading = probe(url, timeout=timeout, **options)
    over = time.monotonic() - began - timeout
    if reading.failure and reading.failure.cause is Cause.TIMED_OUT and over > FROZEN_AFTER:
        told = f"This worker stood still for {over:.0f} s."
        return replace(reading, failure=Failure(Cause.BLIND, reading.failure.step, told))
    return reading


def record(state: EndpointState, reading: Reading, late_ms: float | None) -> bool:
    """Stores a reading, moves the endpoint's state and decides its incident, all in one transaction.

    `state` is what `state_of` gave before the probe. The reading is dropped when the row was moved meanwhile: the
    endpoint was changed, paused or removed, or another probe was quicker.
    Returns whether the endpoint's row on the board has to be shown anew.
    """
    at = datetime.fromtimestamp(reading.at, UTC)
    unmoved = EndpointState.objects.filter(pk=state.pk, probed_at=state.probed_at, shown_at=state.shown_at)
    before, face, last_seen, old = standing_of(state), _face(state), _last_seen(state), _columns(state)
    finding = judge(state, reading)
    found = _learn(state, reading, at)
    after = decide(before, finding, thresholds_of(state.endpoint), reading.at)
    _move(state, after, finding, reading, at)
    show = _face(state) != face or _stale(state)
    if show:
        state.shown_at = datetime.now(UTC)
    moved = {name: value for name, value in _columns(state).items() if value != old[name]}
    with _writing():
        if not unmoved.update(**moved):
            return False
        _observe(state, at, finding, reading, late_ms)
        Change.objects.bulk_create(Change(endpoint_id=state.pk, at=at, **d._asdict()) for d in found)
        incidents.follow(state, before, after, last_seen)
    tally.probe(finding.status, finding.cause, late_ms)
    return show


def _columns(state: EndpointState) -> dict[str, Any]:
    return {field.attname: getattr(state, field.attname) for field in _COLUMNS}


def _observe(state: EndpointState, at: datetime, finding: Finding, reading: Reading, late_ms: float | None) -> None:
    load = reading.load
    observation = Observation.objects.create(
        endpoint_id=state.pk,
        at=at,
        status=finding.status,
        cause=finding.cause or "",
        step=finding.step,
        detail=finding.detail[:500],
        latency_ms=reading.latency_ms,
        late_ms=late_ms,
        running=load.running,
        waiting=load.waiting,
        kv_cache_usage=load.kv_cache_usage,
        generation_tokens=load.generation_tokens,
        busy=_at_work(reading),
        canary_ms=reading.canary.ms if reading.canary else None,
        excluded=_excluded(state, finding),
    )
    Trace.objects.create(observation=observation, exchanges=[to_json(e) for e in reading.exchanges])


def _excluded(state: EndpointState, finding: Finding) -> str:
    """Why this look does not count for availability; empty when it does."""
    if finding.cause is Cause.BLIND:
        return "blind"
    return "maintenance" if state.marks.get("maintenance") else ""


def _learn(state: EndpointState, reading: Reading, at: datetime) -> list[Difference]:
    """Takes over what a good reading knows; returns what it changed."""
    state.probed_at = at
    state.ladder = [to_json(e) for e in reading.exchanges]
    state.load = to_json(reading.load)
    state.latency_ms = reading.latency_ms
    if reading.certificate_until is not None:
        state.certificate_until = datetime.fromtimestamp(reading.certificate_until, UTC)
    if reading.failure:
        return []
    engine = reading.identity.engine if reading.identity else state.engine
    found = differences(state.engine, facts_from_json(state.facts), engine, reading.facts)
    if reading.identity and reading.identity.proof:
        state.engine, state.proof, state.identified_at = engine, reading.identity.proof[:300], at
    state.facts = to_json(reading.facts)
    state.seen_at = at
    return found


def _move(state: EndpointState, after: Standing, finding: Finding, reading: Reading, at: datetime) -> None:
    """Moves the standing, the schedule and the board's strip."""
    settle(state, after, at)
    if state.due_at is not None:
        open_doubts = doubts(after, thresholds_of(state.endpoint))
        state.due_at = schedule.due_after(reading.at, time.time(), state.due_at, open_doubts)
    counted = Status.UNKNOWN if _excluded(state, finding) else finding.status
    state.strip = strip.add(state.strip, reading.at, counted, reading.latency_ms, _at_work(reading))


def _face(state: EndpointState) -> tuple:
    """What people act on in the endpoint's row; when it moves, the row is shown anew at once."""
    counted = min(state.failures, state.endpoint.fail_after)
    loaded = [m["name"] for m in state.facts.get("models", ()) if m.get("loaded")]
    load = (state.load.get("running"), state.load.get("waiting"), state.load.get("busy"))
    return state.status, state.cause, state.detail, counted, state.engine, state.facts.get("version"), load, loaded


def _stale(state: EndpointState) -> bool:
    return state.shown_at is None or datetime.now(UTC) - state.shown_at >= timedelta(seconds=SHOW_EVERY)


def _at_work(reading: Reading) -> bool | None:
    """Whether the engine was working on a request; None when it does not tell."""
    load = reading.load
    if load.busy is not None:
        return load.busy
    return None if load.running is None else load.running > 0


def _last_seen(state: EndpointState) -> dict[str, Any]:
    """What the last good probe knew, for the incident and its mail."""
    models = [m["name"] for m in state.facts.get("models", ())]
    return {
        "at": state.seen_at.isoformat() if state.seen_at else None,
        "engine": state.engine,
        "version": state.facts.get("version"),
        "models": models[:10],
        "more_models": max(0, len(models) - 10),
    }


@contextmanager
def _writing():
    """A transaction that writes. SQLite has one writer at a time: our threads queue here, not in its polling wait."""
    if connection.vendor == "sqlite":
        with _one_writer, transaction.atomic():
            yield
    else:
        with transaction.atomic():
            yield
