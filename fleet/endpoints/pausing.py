"""Pausing and resuming endpoints, by people and by the sweep that ends a pause."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import DateTimeField

from core import dates, fence, prepared
from teams import audit

from ..engines.errors import Cause
from ..incidents import lifecycle
from ..models import Endpoint, EndpointState
from ..verdict.status import TROUBLE, Status
from .state import forget_put_off, fresh, lock, update_boards

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
    pause_each([endpoint], by, until)


def pause_each(endpoints: Sequence[Endpoint], by: User | None = None, until: datetime | None = None) -> None:
    """As `pause`, for all of these together."""
    now = datetime.now(UTC)
    if until and until <= now:
        raise ValidationError({"ends_at": "That time is over already. Choose a later one."})
    if until and (trouble := dates.trouble_with(until)):
        raise ValidationError({"ends_at": trouble})
    with transaction.atomic():
        pks = lock(endpoints)
        rows, states = Endpoint.objects.filter(pk__in=pks), EndpointState.objects.filter(pk__in=pks)
        before = {}
        for pk, *kept in states.filter(endpoint__paused=False).values_list("pk", *_KEPT):
            before[pk] = dict(zip(_KEPT, kept, strict=True))
        if before:
            lifecycle.stop_watching(before, audit.done("It was paused"))
            kept_rows = [Endpoint(pk=pk, before_pause=known) for pk, known in before.items()]
            Endpoint.objects.bulk_update(kept_rows, ["before_pause"])
            rows.filter(pk__in=before).update(paused=True, paused_at=now)
            states.filter(pk__in=before).update(**fresh(Status.PAUSED, Cause.PAUSED), due_at=None)
        rows.update(paused_by=by, paused_until=until)
        ends = {"until": dates.minute(until)} if until else {}
        audit.record_each("endpoint.paused", (audit.About(each.team, each, ends) for each in endpoints))
        states.update(shown_at=now)
    update_boards(pks)


def resume(endpoint: Endpoint) -> bool:
    """Probes a paused endpoint again, from the next tick on; False for one that is not paused.

    Until its first probe it has the status from before the pause, which counts from now on: nobody knows what it was
    meanwhile. Of trouble the incident ended, so that is only named: the next probes decide about it.
    """
    return resume_each([endpoint]) > 0


def resume_due() -> int:
    """Resumes what was paused until now; returns how many."""
    now = datetime.now(UTC)
    if not any(_any_over(now=now)):
        return 0
    over = {"paused_until__lte": now}
    rows = Endpoint.objects.filter(paused=True, **over).select_related("team").defer("api_key")
    with audit.acting_via("end of the pause"):
        return fence.each(
            SWEEP,
            rows,
            lambda row: resume_each([row], **over),
            lambda row: fence.Item(str(row.pk), row.name, row.team_id),
        )


def resume_each(endpoints: Sequence[Endpoint], **paused: Any) -> int:
    """As `resume`, for those of these that are paused, and in the way of `paused`; returns how many."""
    with transaction.atomic():
        rows = Endpoint.objects.filter(pk__in=lock(endpoints), paused=True, **paused)
        before: dict[int, dict[str, Any]] = dict(rows.values_list("pk", "before_pause"))
        if not before:
            return 0
        rows = Endpoint.objects.filter(pk__in=before)
        rows.update(**_NO_PAUSE)
        resumed = (audit.About(each.team, each) for each in endpoints if each.pk in before)
        audit.record_each("endpoint.resumed", resumed)
        started = fresh(Status.UNKNOWN, Cause.RESUMED)
        EndpointState.objects.filter(pk__in=before).update(**started, due_at=int(time.time()))
        known = [EndpointState(pk=pk, **_known_before(kept, started["since"])) for pk, kept in before.items()]
        EndpointState.objects.bulk_update(known, [*_KEPT, "since"])
        forget_put_off(before)
    update_boards([*before])
    return len(before)


def _known_before(before: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The status that an endpoint is resumed with, since `now`."""
    status = before.get("status", Status.UNKNOWN)
    if status not in TROUBLE and status != Status.UNKNOWN:
        return {**before, "since": now}
    named = f"It was {status} before the pause." if status in TROUBLE else ""
    return {"status": Status.UNKNOWN, "cause": Cause.RESUMED, "step": "", "detail": named, "since": now}
