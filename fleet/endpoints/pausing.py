"""Pausing and resuming endpoints, by people and by the sweep that ends a pause."""

import time
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import DateTimeField
from django.utils.dateparse import parse_datetime

from core import dates, fence, prepared
from teams import audit

from ..engines.errors import Cause
from ..incidents import lifecycle
from ..models import Endpoint, EndpointState
from ..verdict.status import TROUBLE, Status
from .state import forget_put_off, reset, update_boards

SWEEP = "pauses"
"""The sweep, as core.fence knows it."""

_KEPT = ("status", "cause", "step", "detail")

_NO_PAUSE: dict[str, Any] = {
    "paused": False, "paused_at": None, "paused_by": None, "paused_until": None, "before_pause": {},
}  # fmt: skip

_any_over = prepared.exist(
    lambda: [Endpoint.objects.filter(paused_until__lte=prepared.Parameter("now", DateTimeField()))]
)


def pause(endpoint: Endpoint, by: User | None = None, until: datetime | None = None) -> None:
    """Stops probing an endpoint until that time, or until somebody resumes it. A paused one gets this end.

    Closes its incident: whoever was alerted of it gets a mail that says so. Raises ValidationError for a time that is
    over, or too far ahead.
    """
    now = datetime.now(UTC)
    if until and until <= now:
        raise ValidationError({"ends_at": "That time is over already. Choose a later one."})
    if until and (trouble := dates.trouble_with(until)):
        raise ValidationError({"ends_at": trouble})
    with transaction.atomic():
        state = EndpointState.objects.select_for_update().get(endpoint_id=endpoint.pk)
        row = Endpoint.objects.filter(pk=endpoint.pk)
        before = {name: getattr(state, name) for name in _KEPT} | {"since": state.since and state.since.isoformat()}
        if row.filter(paused=False).update(paused=True, paused_at=now, before_pause=before):
            lifecycle.stop_watching([endpoint.pk], audit.done("It was paused"))
            reset(state, Status.PAUSED, Cause.PAUSED)
            state.due_at = None
        row.update(paused_by=by, paused_until=until)
        ends = {"until": dates.minute(until)} if until else {}
        audit.record("endpoint.paused", team=endpoint.team, what=endpoint, detail=ends)
        state.shown_at = now
        state.save()
    update_boards(endpoint.pk)


def resume(endpoint: Endpoint) -> bool:
    """Probes a paused endpoint again, from the next tick on; False for one that is not paused.

    Until its first probe it has the status from before the pause, and keeps its beginning while probes find the same.
    Of trouble the incident ended, so that is only named: the next probes decide about it.
    """
    return _resume(endpoint, paused=True)


def resume_due() -> int:
    """Resumes what was paused until now; returns how many."""
    now = datetime.now(UTC)
    if not any(_any_over(now=now)):
        return 0
    over = {"paused": True, "paused_until__lte": now}
    rows = Endpoint.objects.filter(**over).select_related("team").defer("api_key")
    with audit.acting_via("end of the pause"):
        return fence.each(
            SWEEP, rows, lambda row: _resume(row, **over), lambda row: fence.Item(str(row.pk), row.name, row.team_id)
        )


def _resume(endpoint: Endpoint, **paused: Any) -> bool:
    with transaction.atomic():
        state = EndpointState.objects.select_for_update().get(endpoint_id=endpoint.pk)
        row = Endpoint.objects.filter(pk=endpoint.pk, **paused)
        before = row.values_list("before_pause", flat=True).first()
        if before is None:
            return False
        row.update(**_NO_PAUSE)
        audit.record("endpoint.resumed", team=endpoint.team, what=endpoint)
        _take_up(state, before)
        state.due_at = int(time.time())
        state.save()
        forget_put_off(endpoint.pk)
    update_boards(endpoint.pk)
    return True


def _take_up(state: EndpointState, before: dict[str, Any]) -> None:
    status = before.get("status", Status.UNKNOWN)
    if status in TROUBLE:
        reset(state, Status.UNKNOWN, Cause.RESUMED, f"It was {status} before the pause.")
    elif status == Status.UNKNOWN:
        reset(state, Status.UNKNOWN, Cause.RESUMED)
    else:
        reset(state, Status(status), Cause.RESUMED)
        state.status, state.cause, state.step, state.detail = (before[name] for name in _KEPT)
        state.since = parse_datetime(before["since"]) if before["since"] else state.since
