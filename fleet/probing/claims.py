"""Which endpoints are due, and who sends them to be probed."""

from dataclasses import dataclass

from django.db.models import F
from django.db.models.functions import Coalesce

from core import fence
from core.database import writing
from core.turns import in_turn

from ..models import EndpointState
from ..verdict import schedule
from . import shares

CLAIMS = "claims"
"""The sweep, as core.fence knows it."""

MISSED_AFTER = 5
MISSED_AT_ONCE = 100
"""Endpoints overdue by more than MISSED_AFTER s (after a stop) are caught up in portions, not in one stampede."""

_COLUMNS = ("due_at", "probe_seconds", "endpoint__interval", "endpoint__name", "endpoint__team_id")


@dataclass(frozen=True, slots=True)
class Claim:
    """An endpoint that this dispatcher, and no other, sends to be probed."""

    endpoint_id: int
    team_id: int
    slow: bool  # by its last probes
    due_at: int  # unix seconds
    expires_at: int  # when the next probe is due, and this one is worth nothing any more


def claim(now: float) -> list[Claim]:
    """Claims what is due at `now` (unix seconds). Several dispatchers may run: each row goes to one of them.

    What a team's share of the probe threads can't carry is due less often, by whole intervals.
    """
    due = EndpointState.objects.order_by("due_at").only(*_COLUMNS).select_related("endpoint")
    if held := fence.waiting(CLAIMS):
        due = due.exclude(pk__in=[int(key) for key in held])  # they stay due, and must not fill the portion
    missed = in_turn(due.filter(due_at__lte=now - MISSED_AFTER), "endpoint__team_id", "due_at")
    rows = [*due.filter(due_at__lte=now, due_at__gt=now - MISSED_AFTER), *missed[:MISSED_AT_ONCE]]
    if not rows:
        return []
    found = shares.stretches()
    rows.sort(key=lambda row: (row.due_at, row.pk))  # the order of locks: see fleet.personal_data.before_deletion
    following: dict[int, tuple[int, int]] = {}

    def plan(row: EndpointState) -> None:
        stretch = found.get((row.endpoint.team_id, shares.slow(row.probe_seconds)), 1)
        stretch = max(1, min(stretch, schedule.LONGEST // max(row.endpoint.interval, 1)))
        following[row.pk] = stretch, schedule.next_due(now, row.endpoint.interval * stretch, str(row.pk))

    def item(row: EndpointState) -> fence.Item:
        return fence.Item(str(row.pk), row.endpoint.name, row.endpoint.team_id)

    fence.each(CLAIMS, rows, plan, item)
    with writing():
        return [taken for row in rows if row.pk in following and (taken := _take(row, *following[row.pk]))]


def _take(row: EndpointState, stretch: int, following: int) -> Claim | None:
    # The condition on due_at is what makes the claim: not exactly one row means that someone was first.
    rows = EndpointState.objects.filter(pk=row.pk, due_at=row.due_at).update(
        due_at=following, stretch=stretch, waiting_since=Coalesce("waiting_since", F("due_at"))
    )
    if rows != 1:
        return None
    return Claim(row.pk, row.endpoint.team_id, shares.slow(row.probe_seconds), row.due_at or 0, following)
