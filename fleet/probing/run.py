"""One probe: ask the endpoint, the canary that is due as well, and judge what came. Nothing is written here."""

import time
from dataclasses import replace
from typing import Any

from core import fence
from core.database import give_back

from ..engines.errors import Cause
from ..engines.probe import probe
from ..engines.reading import Facts, Failure, Reading
from ..models import EndpointState
from . import canaries
from .claims import Claim
from .put_off import put_off
from .record import Judged, judged
from .states import read_one

IDENTIFY_EVERY = 24 * 3600
"""Seconds after which we ask again who answers there."""

FROZEN_AFTER = 2.0
"""Seconds over its deadline after which a probe did not run out of time: this process was stopped."""


def run(claim: Claim, state: EndpointState | None = None) -> Judged | None:
    """Probes one endpoint and judges what it learned; `state` is what it starts from, if it was read already.

    None for a probe that waited until its next one is due, and for an endpoint gone or paused meanwhile. What can't be
    judged costs that endpoint alone: it is put off, and unknown until then.
    """
    if time.time() >= claim.expires_at:
        return None
    try:
        if state is None:
            state = read_one(claim.endpoint_id)
            give_back()
        if state is None:
            return None
        late_ms, began = max(0.0, (time.time() - claim.due_at) * 1000), time.monotonic()
        reading = _ask(state)
        took = time.monotonic() - began
        return judged(state, canaries.ask(state, reading), late_ms, took)
    except fence.NOT_THE_ITEMS_FAULT:
        raise
    except Exception as error:
        put_off(claim.endpoint_id, error)
        return None


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
    over, failure = time.monotonic() - began - timeout, reading.failure
    if failure is None or failure.cause is not Cause.TIMED_OUT:
        return reading
    if over > FROZEN_AFTER:
        # A worker that hung is not taken for a server that did.
        reason = f"This worker was stopped for {over:.0f} s."
        return replace(reading, failure=Failure(Cause.BLIND, failure.step, reason))
    if timeout < endpoint.timeout:
        limits = f"{failure.detail} A confirming probe gets {timeout:g} s, others {endpoint.timeout:g} s."
        return replace(reading, failure=replace(failure, detail=limits))
    return reading
