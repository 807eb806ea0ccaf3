"""The fleet as `manage.py status` shows it: current state rows only, trouble first."""

import time
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from ..display import formats
from ..engines.reading import facts_from_json, load_from_json
from ..models import EndpointState
from ..verdict import causes
from ..verdict.status import Status
from .readable import from_columns

OVERDUE = 60
"""Seconds after which a probe that did not happen means that probing has stopped."""

_COLUMNS = (
    "endpoint_id", "endpoint__name", "endpoint__team__slug", "endpoint__url", "status", "cause", "step", "detail",
    "since", "engine", "facts", "load", "seen_at", "waiting_since", "due_at", "endpoint__verify_tls",
)  # fmt: skip
_URGENCY = {status.value: rank for rank, status in enumerate(Status)}


@dataclass(frozen=True, slots=True)
class Standing:
    """What we hold one endpoint to be. Unknown is None; `models` are the names of all that it offers."""

    name: str
    team: str  # slug
    url: str
    status: str
    cause: str
    detail: str
    sentence: str  # cause, detail and failing step in words
    since: datetime | None
    engine: str | None
    version: str | None
    models: list[str]
    load: dict[str, Any]
    seen_at: datetime | None
    verify_tls: bool
    overdue: bool  # it was not probed when it was time


def standings(team: str = "") -> list[Standing]:
    """All endpoints, or those of the team with this slug, most urgent first."""
    states = EndpointState.objects.order_by()
    if team:
        states = states.filter(endpoint__team__slug=team)
    now = time.time()
    found = [from_columns(partial(_standing, now), state) for state in states.values(*_COLUMNS)]
    return sorted(found, key=lambda each: (_URGENCY.get(each.status, -1), each.team, each.name.lower()))


def _standing(now: float, state: dict[str, Any]) -> Standing:
    facts = facts_from_json(state["facts"])
    load_from_json(state["load"])  # what it can't read is not passed on
    return Standing(
        name=state["endpoint__name"],
        team=state["endpoint__team__slug"],
        url=state["endpoint__url"],
        status=state["status"],
        cause=state["cause"],
        detail=state["detail"],
        sentence=causes.sentence(state["cause"], state["detail"], state["step"]),
        since=state["since"],
        engine=state["engine"] or None,
        version=facts.version,
        models=[model.name for model in facts.models],
        load=state["load"],
        seen_at=state["seen_at"],
        verify_tls=state["endpoint__verify_tls"],
        overdue=state["due_at"] is not None and now - (state["waiting_since"] or state["due_at"]) > OVERDUE,
    )


def load_in_words(load: dict[str, Any]) -> str:
    """How hard an endpoint works, from a stored load."""
    if load.get("sleep_state") not in (None, "awake"):
        return "asleep"
    words = [f"{load[name]:.0f} {name}" for name in ("running", "waiting", "slots") if load.get(name) is not None]
    if load.get("deferred"):
        words.append(f"{load['deferred']:.0f} deferred")
    if load.get("kv_cache_usage") is not None:
        words.append(f"KV cache {formats.percent(load['kv_cache_usage'])}")
    if load.get("busy") is not None:
        words.append("busy" if load["busy"] else "idle")
    return ", ".join(words) or formats.UNKNOWN
