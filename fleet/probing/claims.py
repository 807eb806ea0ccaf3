"""Which endpoints are due, and who sends them to be probed."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

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
    due = EndpointState.objects.order_by("due_at", "pk")  # the order of locks: see fleet.personal_data.before_deletion
    if held := fence.waiting(CLAIMS):
        due = due.exclude(pk__in=[int(key) for key in held])  # they stay due, and must not fill the portion
    missed = in_turn(due.filter(due_at__lte=now - MISSED_AFTER), "endpoint__team_id", "due_at")
    columns = ("pk", "due_at", "probe_seconds", "endpoint__interval", "endpoint__name", "endpoint__team_id")
    rows = [
        *due.filter(due_at__lte=now, due_at__gt=now - MISSED_AFTER).values_list(*columns, named=True),
        *missed.values_list(*columns, named=True)[:MISSED_AT_ONCE],
    ]
    if not rows:
        return []
    stretches = shares.stretches()
    claims: dict[tuple[int, int], Claim] = {}  # (endpoint, due_at)
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)  # (stretch, next due_at) -> endpoints

    def plan(row: Any) -> None:
        team, interval, slow = row.endpoint__team_id, row.endpoint__interval, shares.slow(row.probe_seconds)
        stretch = max(1, min(stretches.get((team, slow), 1), schedule.LONGEST // max(interval, 1)))
        following = schedule.next_due(now, interval * stretch, str(row.pk))
        claims[row.pk, row.due_at] = Claim(row.pk, team, slow, row.due_at, following)
        groups[stretch, following].append(row.pk)

    fence.each(CLAIMS, rows, plan, lambda row: fence.Item(str(row.pk), row.endpoint__name, row.endpoint__team_id))
    with writing():
        # Only rows that nobody has moved meanwhile: on PostgreSQL their locks, on SQLite the only writer's turn, keep
        # every other dispatcher off them until the commit.
        free = due.filter(pk__in=[pk for pk, _ in claims]).select_for_update(skip_locked=True)
        taken = [claims[row] for row in free.values_list("pk", "due_at") if row in claims]
        ours = {claim.endpoint_id for claim in taken}
        for (stretch, following), pks in groups.items():
            EndpointState.objects.filter(pk__in=ours.intersection(pks)).update(
                due_at=following, stretch=stretch, waiting_since=Coalesce("waiting_since", F("due_at"))
            )
    return taken
