"""What adding, changing and pausing an endpoint have in common: its state begins afresh, and boards show it."""

from datetime import UTC, datetime

from django.db import transaction

from core import fence

from .. import live
from ..engines.errors import Cause
from ..models import EndpointState
from ..probing import claims, put_off
from ..verdict.status import Status


def reset(state: EndpointState, status: Status, cause: Cause, detail: str = "") -> None:
    """Forgets what probes counted, and gives it this status from now on. Is not saved."""
    now = datetime.now(UTC)
    state.status, state.cause, state.step, state.detail = status, cause, "", detail
    state.failures = state.downs = state.successes = state.recent = state.still = 0
    state.turns, state.starting, state.failing_since = [], {}, None
    state.waiting_since = state.not_probed_since = None
    state.probe_seconds, state.stretch = 0, 1
    state.since = state.shown_at = state.regrouped_at = now


def forget_put_off(pk: int) -> None:
    """What could not be done with the endpoint as it was is tried again now that a person changed it."""
    for sweep in (claims.CLAIMS, put_off.SWEEP):
        fence.forget(sweep, str(pk))


def update_boards(pk: int) -> None:
    """Once the change is committed: a board that asks sooner would not find it."""
    transaction.on_commit(lambda: live.publish([pk]))
