"""The way a probe takes: ask, and record the answer in one short transaction."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce

from core import fence
from core.database import give_back, writing
from core.models import PutOff

from .. import live
from ..engines.errors import Cause
from ..engines.probe import probe
from ..engines.reading import Facts, Failure, Reading
from ..history import day_strip
from ..incidents import lifecycle
from ..models import BlindStretch, Change, EndpointState, Observation, Trace
from ..verdict.judge import depends_on_blindness, judge
from ..verdict.status import TROUBLE, Status
from . import canaries, shares
from .changes import differences
from .probe_counts import counts

IDENTIFY_EVERY = 24 * 3600
"""Seconds after which we ask again who answers there."""

FROZEN_AFTER = 2.0
"""Seconds over its deadline after which a probe did not run out of time: this process was stopped."""

GIVEN_UP_FOR = timedelta(hours=1)
"""Until the next probe of an endpoint that core.fence has given up."""

SWEEP = "probes"
"""Under this name core.fence keeps the endpoints whose probes can't be recorded."""

SHOW_EVERY = timedelta(seconds=15)
"""After this a board row is drawn again although nothing but its figures moved."""

_COLUMNS = [field for field in EndpointState._meta.concrete_fields if not field.primary_key]


def run(endpoint_id: int, due_at: int, expires_at: int) -> None:
    """Probes one endpoint and records what it learned; the times are unix seconds.

    A probe that waited until its next one is due is dropped, and so is that of an endpoint gone or paused meanwhile.
    What can't be recorded costs that endpoint alone: it is put off, and unknown until then.
    """
    if time.time() >= expires_at:
        return
    try:
        state = state_of(endpoint_id)
        if state is None:
            return
        give_back()
        late_ms, began = max(0.0, (time.time() - due_at) * 1000), time.monotonic()
        reading = _ask(state)
        took = time.monotonic() - began
        show = record(state, canaries.ask(state, reading), late_ms, took)
    except fence.NOT_THE_ITEMS_FAULT:
        raise
    except Exception as error:
        show = _put_off(endpoint_id, error)
    if show:
        live.publish([endpoint_id])


def _put_off(endpoint_id: int, error: Exception) -> bool:
    """Shows that nothing is known of the endpoint; trouble that was known stands, and with it its incident.

    False when the endpoint is gone.
    """
    states = EndpointState.objects.select_related("endpoint").only("endpoint__name", "endpoint__team_id")
    row = states.filter(pk=endpoint_id).first()  # without its key, which may be what can't be read
    if row is None:
        return False
    item = fence.Item(str(row.pk), row.endpoint.name, row.endpoint.team_id)
    put_off = fence.put_off(SWEEP, item, error)
    now = datetime.now(UTC)
    again = put_off.next_try_at or now + GIVEN_UP_FOR
    state = EndpointState.objects.watched().filter(pk=endpoint_id)
    with writing():
        state.exclude(status__in=TROUBLE).update(
            status=Status.UNKNOWN,
            cause=Cause.NOT_RECORDED,
            step="",
            detail=put_off.why,
            since=Case(When(Q(cause=Cause.NOT_RECORDED), then=F("since")), default=Value(now)),
        )
        state.update(
            due_at=int(again.timestamp()),
            waiting_since=None,
            not_probed_since=Coalesce("not_probed_since", int(now.timestamp())),
            shown_at=now,
            regrouped_at=now,
        )
    return True


def state_of(endpoint_id: int) -> EndpointState | None:
    """The state that a probe starts from; None for an endpoint that is gone or paused."""
    states = EndpointState.objects.select_related("endpoint")
    return states.filter(endpoint_id=endpoint_id, endpoint__paused=False).first()


def _ask(state: EndpointState) -> Reading:
    endpoint, found_at = state.endpoint, state.identified_at
    identify = found_at is None or time.time() - found_at.timestamp() > IDENTIFY_EVERY
    engine, timeout, began = endpoint.engine or state.engine or None, state.deadline(), time.monotonic()
    options: dict[str, Any] = {**endpoint.access, "timeout": timeout}
    reading = probe(endpoint.url, engine=engine, known=state.known(), identify=identify, **options)
    moved = reading.failure and reading.failure.cause is Cause.WRONG_ENGINE
    if moved and not endpoint.engine and reading.identity:
        # Nobody pinned the engine, so a new one is news for the change log, not trouble. Its facts start afresh.
        began = time.monotonic()
        reading = probe(endpoint.url, engine=reading.identity.engine, known=Facts(), identify=True, **options)
    over = time.monotonic() - began - timeout
    if reading.failure and reading.failure.cause is Cause.TIMED_OUT and over > FROZEN_AFTER:
        # A worker that hung is not taken for a server that did.
        reason = f"This worker was stopped for {over:.0f} s."
        return replace(reading, failure=Failure(Cause.BLIND, reading.failure.step, reason))
    return reading


def record(state: EndpointState, reading: Reading, late_ms: float | None, took: float | None = None) -> bool:
    """Judges a reading and stores it with its incident and alerts, all in one transaction.

    `took` is how many seconds the probe lasted, if that is known. `state` is what `state_of` gave before the probe. The
    reading is dropped when the row was moved meanwhile: the endpoint was changed, paused or removed, or another probe
    was quicker.
    Returns whether the endpoint's row on the board has to be drawn again.
    """
    unmoved = EndpointState.objects.filter(pk=state.pk, probed_at=state.probed_at, shown_at=state.shown_at)
    old, face, last_seen = _columns(state), state.face(), state.last_seen()
    memory, before, rules = state.memory(), state.standing(), state.rules()
    blind = BlindStretch.current() if depends_on_blindness(memory, reading) else None

    verdict = judge(memory, before, reading, rules, blind.reason if blind else "", time.time())

    at, finding, load = datetime.fromtimestamp(reading.at, UTC), verdict.finding, reading.load
    engine = reading.identity.engine if reading.identity else old["engine"]
    found = [] if reading.failure else differences(old["engine"], memory.facts, engine, reading.facts)
    excluded = "blind" if finding.cause is Cause.BLIND else "maintenance" if state.marks.get("maintenance") else ""
    counted = Status.UNKNOWN if excluded else finding.status
    state.take(reading)
    state.settle(verdict, at)
    state.strip = day_strip.add(state.strip, reading.at, counted, reading.latency_ms, load.at_work)
    show = state.face() != face or state.shown_at is None or datetime.now(UTC) - state.shown_at >= SHOW_EVERY
    if show:
        state.shown_at = datetime.now(UTC)
    if took is not None and finding.cause is not Cause.BLIND:
        state.probe_seconds = shares.smoothed(state.probe_seconds, took)
    moved = {name: value for name, value in _columns(state).items() if value != old[name]}
    # A dispatcher may have claimed the next probe meanwhile: this one shows that the endpoint is probed.
    moved |= {"waiting_since": None, "not_probed_since": None}
    observation = Observation(
        endpoint_id=state.pk,
        at=at,
        status=finding.status,
        cause=finding.cause or "",
        step=finding.step,
        detail=finding.detail[:500],
        latency_ms=reading.latency_ms,
        interval=state.endpoint.interval * state.stretch,
        late_ms=late_ms,
        running=load.running,
        waiting=load.waiting,
        kv_cache_usage=load.kv_cache_usage,
        generation_tokens=load.generation_tokens,
        busy=load.at_work,
        canary_ms=reading.canary.ms if reading.canary else None,
        excluded=excluded,
    )
    with writing():
        if not unmoved.update(**moved):
            return False
        observation.save()
        Trace.objects.create(observation=observation, exchanges=state.ladder)
        Change.objects.bulk_create(Change(endpoint_id=state.pk, at=at, **d._asdict()) for d in found)
        lifecycle.follow(state, before, verdict.standing, last_seen)
        if old["not_probed_since"] is not None:
            PutOff.objects.filter(sweep=SWEEP, key=str(state.pk)).delete()
    counts.add(finding.status, finding.cause, late_ms)
    return show


def _columns(state: EndpointState) -> dict[str, Any]:
    return {field.attname: getattr(state, field.attname) for field in _COLUMNS}
