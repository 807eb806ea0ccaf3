"""What mutes an endpoint, and what was done about it: kept in its state row, so that the board reads nothing else."""

import json
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import DateTimeField, Q

from core import fence, prepared

from .. import live
from ..models import BlindStretch, EndpointState, Incident, MaintenanceWindow, Silence
from ..verdict.flapping import flapping
from . import windows

Marks = dict[str, Any]
_Ends = dict[tuple[Any, ...], datetime]
"""What is covered -> when that ends."""

WINDOWS, SILENCES, MARKS = "windows", "silences", "marks"
"""The sweeps, as core.fence knows them."""

_MARKED = ~Q(marks={}) | ~Q(turns=[])
"""The condition on states that have a mark, or may begin or end to flap."""

_COLUMNS = ("endpoint_id", "endpoint__name", "endpoint__team_id", "engine", "endpoint__engine", "turns", "marks")


@dataclass(frozen=True, slots=True)
class _Reasons:
    """Everything that can put a mark on an endpoint, read once for all of them."""

    maintenance: _Ends  # ("team", 1) or ("endpoint", 7)
    silences: _Ends  # and ("engine", team, "vllm")
    acknowledged: dict[int, Marks]  # endpoint -> by, until
    blind: bool

    def concerned(self) -> Q:
        """The condition on states that have a mark, or may get one by something else than blindness."""
        covered = {*self.maintenance, *self.silences}
        return (
            _MARKED
            | Q(endpoint__in=[*self.acknowledged, *(key[1] for key in covered if key[0] == "endpoint")])
            | Q(endpoint__team__in={key[1] for key in covered if key[0] != "endpoint"})
        )


_now, _lately = (prepared.Parameter(name, DateTimeField()) for name in ("now", "lately"))
_any_left = prepared.exist(
    lambda: [
        MaintenanceWindow.objects.all(),
        Silence.objects.filter(ends_at__gt=_now),
        Incident.objects.open().filter(acknowledged_at__isnull=False),
        BlindStretch.objects.filter(Q(ended_at=None) | Q(ended_at__gt=_lately)),
        EndpointState.objects.filter(_MARKED),
    ]
)


def refresh(endpoint_ids: Iterable[int] | None = None) -> None:
    """Works out the marks of these endpoints, or of all. Those that changed are stored and redrawn on the boards."""
    now = datetime.now(UTC)
    if endpoint_ids is None and not any(_any_left(now=now, lately=now - BlindStretch.AFTERGLOW)):
        return
    states = EndpointState.objects.order_by()
    if endpoint_ids is not None:
        states = states.filter(pk__in=list(endpoint_ids))
    reasons = _reasons(now)
    if not reasons.blind:
        states = states.filter(reasons.concerned())
    changed: dict[str, list[int]] = defaultdict(list)
    ended: list[tuple[int, datetime, str]] = []

    def work_out(state: dict[str, Any]) -> None:
        marks = _marks(state, reasons, now)
        if marks != state["marks"]:
            changed[json.dumps(marks)].append(state["endpoint_id"])
            ended.extend((state["endpoint_id"], at, text) for at, text in _ended(state["marks"], marks, now))

    fence.each(MARKS, states.values(*_COLUMNS), work_out, _endpoint)
    if ended:  # before the marks that show it are gone
        _note(ended)
    for text, ids in changed.items():
        with transaction.atomic():
            list(EndpointState.objects.filter(pk__in=ids).locked().values_list("pk"))
            EndpointState.objects.filter(pk__in=ids).update(marks=json.loads(text), shown_at=now, regrouped_at=now)
    if changed:
        live.publish([pk for ids in changed.values() for pk in ids])


def _ended(before: Any, after: Marks, now: datetime) -> Iterable[tuple[datetime, str]]:
    """(when, what) of the marks that ended by themselves. What somebody ends is noted by who ends it."""
    with suppress(AttributeError, TypeError, ValueError):  # what was stored oddly is replaced without a word
        for mark, until, text in (  # without a name: it would stay when the person goes
            ("maintenance", before.get("maintenance"), "The maintenance ended."),
            ("acknowledged", (before.get("acknowledged") or {}).get("until"), "The acknowledgement ended."),
        ):
            if until and mark not in after and (at := datetime.fromisoformat(until)) <= now:
                yield at, text


def _note(ended: list[tuple[int, datetime, str]]) -> None:
    """In the timelines of what is open; once, whoever else works out the same marks right now."""
    pks = [pk for pk, *_ in ended]
    with transaction.atomic():
        list(EndpointState.objects.filter(pk__in=pks).locked().values_list("pk"))
        still_open = {incident.endpoint_id: incident for incident in Incident.objects.open().filter(endpoint__in=pks)}
        for pk, at, text in ended:
            incident = still_open.get(pk)
            if incident and not incident.events.filter(at=at, text=text).exists():
                incident.note(at, text)


def refresh_once_committed(endpoint_ids: Iterable[int]) -> None:
    """Refreshes them when the transaction that is under way is committed, since a refresh reads what is stored."""
    ids = list(endpoint_ids)
    transaction.on_commit(lambda: refresh(ids))


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


def _endpoint(state: dict[str, Any]) -> fence.Item:
    return fence.Item(str(state["endpoint_id"]), state["endpoint__name"], state["endpoint__team_id"])


def _reasons(now: datetime) -> _Reasons:
    maintenance: _Ends = {}
    silences: _Ends = {}

    def plan(window: MaintenanceWindow) -> None:
        if on := windows.current(window, now):
            _extend(maintenance, _covers(window), on[1])

    def silence(row: Silence) -> None:
        _extend(silences, _covers(row), row.ends_at)

    fence.each(
        WINDOWS, MaintenanceWindow.objects.all(), plan, lambda row: fence.Item(str(row.pk), row.name, row.team_id)
    )
    on_now = Silence.objects.filter(starts_at__lte=now, ends_at__gt=now)
    fence.each(SILENCES, on_now, silence, lambda row: fence.Item(str(row.pk), row.reason or "a silence", row.team_id))
    return _Reasons(maintenance, silences, _acknowledged(now), BlindStretch.current() is not None)


def _covers(rule: MaintenanceWindow | Silence) -> tuple[Any, ...]:
    if rule.endpoint_id:
        return "endpoint", rule.endpoint_id
    engine = getattr(rule, "engine", "")
    return ("engine", rule.team_id, engine) if engine else ("team", rule.team_id)


def _extend(ends: _Ends, key: tuple[Any, ...], end: datetime) -> None:
    ends[key] = max(end, ends.get(key, end))


def _acknowledged(now: datetime) -> dict[int, Marks]:
    taken = Incident.objects.open().acknowledged(now)
    named = taken.order_by().values_list("endpoint_id", "acknowledged_by", "acknowledged_until")
    return {pk: {"by": by, "until": until.isoformat() if until else None} for pk, by, until in named}
