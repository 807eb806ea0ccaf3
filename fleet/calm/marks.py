"""What mutes an endpoint, and what was done about it: kept in its state row, so that the board reads nothing else."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from .. import live
from ..flapping import flapping
from ..models import EndpointState, Incident, MaintenanceWindow, Silence
from . import windows

Marks = dict[str, Any]
_Ends = dict[tuple[Any, ...], datetime]
"""What is covered -> when that ends."""

_COLUMNS = ("endpoint_id", "endpoint__team_id", "engine", "endpoint__engine", "turns", "marks")


@dataclass(frozen=True, slots=True)
class _Reasons:
    """Everything that can put a mark on an endpoint, read once for all of them."""

    maintenance: _Ends  # ("team", 1) or ("endpoint", 7)
    silences: _Ends  # and ("engine", team, "vllm")
    acknowledged: dict[int, Marks]  # endpoint -> by, until
    blind: bool


def refresh(endpoint_ids: Iterable[int] | None = None) -> None:
    """Works out the marks of these endpoints, or of all. Those that changed are stored and shown anew on the boards."""
    now = datetime.now(UTC)
    states = EndpointState.objects.order_by()
    if endpoint_ids is not None:
        states = states.filter(pk__in=list(endpoint_ids))
    reasons = _reasons(now)
    changed: dict[str, list[int]] = defaultdict(list)
    for state in states.values(*_COLUMNS):
        marks = _marks(state, reasons, now)
        if marks != state["marks"]:
            changed[json.dumps(marks)].append(state["endpoint_id"])
    for text, ids in changed.items():
        EndpointState.objects.filter(pk__in=ids).update(marks=json.loads(text), shown_at=now, regrouped_at=now)
    if changed:
        live.publish([pk for ids in changed.values() for pk in ids])


def _marks(state: dict[str, Any], reasons: _Reasons, now: datetime) -> Marks:
    pk, team = state["endpoint_id"], state["endpoint__team_id"]
    engine = state["engine"] or state["endpoint__engine"]
    covering = [("endpoint", pk), ("team", team), ("engine", team, engine)]
    marks: Marks = {}
    for name, ends in (("maintenance", reasons.maintenance), ("silenced", reasons.silences)):
        if until := max((ends[key] for key in covering if key in ends), default=None):
            marks[name] = until.isoformat()
    if pk in reasons.acknowledged:
        marks["acknowledged"] = reasons.acknowledged[pk]
    if flapping(state["turns"], now.timestamp()):
        marks["flapping"] = True
    if reasons.blind:
        marks["blind"] = True
    return marks


def _reasons(now: datetime) -> _Reasons:
    planned = [(window, windows.current(window, now)) for window in MaintenanceWindow.objects.all()]
    silences = Silence.objects.filter(starts_at__lte=now, ends_at__gt=now)
    return _Reasons(
        maintenance=_latest((_covers(window), stretch[1]) for window, stretch in planned if stretch),
        silences=_latest((_covers(silence), silence.ends_at) for silence in silences),
        acknowledged=_acknowledged(now),
        blind=_blind(),
    )


def _blind() -> bool:
    from ..watch import lookout

    return lookout.blind() is not None


def _covers(rule: MaintenanceWindow | Silence) -> tuple[Any, ...]:
    if rule.endpoint_id:
        return "endpoint", rule.endpoint_id
    engine = getattr(rule, "engine", "")
    return ("engine", rule.team_id, engine) if engine else ("team", rule.team_id)


def _latest(ends: Iterable[tuple[tuple[Any, ...], datetime]]) -> _Ends:
    found: _Ends = {}
    for key, end in ends:
        found[key] = max(end, found.get(key, end))
    return found


def _acknowledged(now: datetime) -> dict[int, Marks]:
    still = Q(acknowledged_until=None) | Q(acknowledged_until__gt=now)
    taken = Incident.objects.filter(still, resolved_at=None, acknowledged_at__isnull=False)
    named = taken.order_by().values_list("endpoint_id", "acknowledged_by", "acknowledged_until")
    return {pk: {"by": by, "until": until.isoformat() if until else None} for pk, by, until in named}
