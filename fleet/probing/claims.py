"""Which endpoints are due, and who sends them to be probed."""

import math
import random
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import BigIntegerField, F, QuerySet
from django.db.models.functions import Coalesce

from core import fence, prepared
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


class Claim(NamedTuple):
    """An endpoint that this dispatcher, and no other, sends to be probed. JSON makes a list of it."""

    endpoint_id: int
    team_id: int
    slow: bool  # by its last probes
    due_at: float  # unix seconds
    expires_at: int  # when the next probe is due, and this one is worth nothing any more


class _Row(NamedTuple):
    """An endpoint that is due."""

    pk: int
    due_at: int
    probe_seconds: float
    interval: int
    name: str
    team_id: int


_COLUMNS = ("pk", "due_at", "probe_seconds", "endpoint__interval", "endpoint__name", "endpoint__team_id")


def _ordered() -> QuerySet[EndpointState]:
    """In the order of locks: see fleet.personal_data.before_deletion."""
    return EndpointState.objects.order_by("due_at", "pk")


def _on_time() -> QuerySet[EndpointState]:
    return _ordered().filter(due_at__lte=_now, due_at__gt=_missed_since)


_now, _missed_since = (prepared.Parameter(name, BigIntegerField()) for name in ("now", "missed"))
_due = prepared.rows(lambda: _on_time().values_list(*_COLUMNS))
_lock = prepared.rows(lambda: _on_time().select_for_update(skip_locked=True).values_list("pk", "due_at"))
_any_missed = prepared.exist(lambda: [EndpointState.objects.filter(due_at__lte=_missed_since)])
_move = prepared.update(
    lambda: (
        EndpointState.objects.filter(pk__in=prepared.Numbers("pks")),
        {
            "due_at": prepared.Parameter("following", BigIntegerField()),
            "stretch": prepared.Parameter("stretch", BigIntegerField()),
            "waiting_since": Coalesce("waiting_since", F("due_at")),
        },
    )
)


def _missed(until: int) -> Iterable[_Row]:
    """A portion of what was due until then, without what was put off: that stays due, and must not fill the portion."""
    held = [int(key) for key in fence.waiting(CLAIMS)]
    rows = _ordered().filter(due_at__lte=until).exclude(pk__in=held)
    return map(_Row._make, in_turn(rows, "endpoint__team_id", "due_at").values_list(*_COLUMNS)[:MISSED_AT_ONCE])


def claim(now: float) -> list[Claim]:
    """Claims what is due at `now` (unix seconds). Several dispatchers may run: each row goes to one of them.

    What a team's share of the probe threads can't carry is due less often, by whole intervals.
    """
    times = {"now": int(now), "missed": math.floor(now - MISSED_AFTER)}
    missed = list(_missed(times["missed"])) if any(_any_missed(**times)) else []
    rows = [*map(_Row._make, _due(**times)), *missed]
    if not rows:
        return []
    stretches = shares.stretches()
    claims: dict[tuple[int, int], Claim] = {}  # (endpoint, due_at)
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)  # (stretch, next due_at) -> endpoints

    def plan(row: _Row) -> None:
        team, interval, slow = row.team_id, row.interval, shares.slow(row.probe_seconds)
        # Whole intervals, and by chance one more, so that the threads are used to the full on average.
        stretch = math.floor(stretches.get((team, slow), 1) + random.random())
        stretch = max(1, min(stretch, schedule.LONGEST // max(interval, 1)))
        following = schedule.next_due(now, interval * stretch, str(row.pk))
        claims[row.pk, row.due_at] = Claim(row.pk, team, slow, row.due_at, following)
        groups[stretch, following].append(row.pk)

    fence.each(CLAIMS, rows, plan, lambda row: fence.Item(str(row.pk), row.name, row.team_id))
    with writing():
        # Only rows that nobody has moved meanwhile: on PostgreSQL their locks, on SQLite the only writer's turn, keep
        # every other dispatcher off them until the commit.
        late = _ordered().filter(pk__in=[row.pk for row in missed]).select_for_update(skip_locked=True)
        free = [*(late.values_list("pk", "due_at") if missed else ()), *_lock(**times)]
        taken = [claims[row] for row in free if row in claims]
        ours = {claim.endpoint_id for claim in taken}
        for (stretch, following), pks in groups.items():
            _move(pks=[pk for pk in pks if pk in ours], stretch=stretch, following=following)
    return taken
