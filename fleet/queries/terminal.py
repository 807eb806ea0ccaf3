"""The fleet as `manage.py status` shows it: current state rows only, trouble first."""

from typing import Any

from core.natural_order import natural_key

from ..display import formats
from ..engines.reading import Load
from ..engines.reading_json import to_json
from ..models import EndpointState
from ..verdict import causes
from ..verdict.status import Status
from .states import StateRow, read

OVERDUE = 60
"""Seconds after which a probe that did not happen means that probing has stopped."""

_URGENCY = {status.value: rank for rank, status in enumerate(Status)}


def by_urgency(team: str = "") -> list[StateRow]:
    """All endpoints, or those of the team with this slug, most urgent first."""
    states = EndpointState.objects.order_by()
    if team:
        states = states.filter(endpoint__team__slug=team)
    found = read(states, lambda state: state)
    return sorted(
        found, key=lambda each: (_URGENCY.get(each.status, -1), natural_key(each.team_slug), natural_key(each.name))
    )


def overdue(state: StateRow, now: float) -> bool:
    """Whether it was not probed when it was time; `now` in unix seconds."""
    return state.due_at is not None and now - (state.waiting_since or state.due_at) > OVERDUE


def as_json(state: StateRow, now: float) -> dict[str, Any]:
    """One endpoint as JSON values; times in ISO 8601, unknown is null, `models` are the names of all that it offers."""
    return {
        "name": state.name,
        "team": state.team_slug,
        "url": state.url,
        "status": state.status,
        "cause": state.cause,
        "detail": state.detail,
        "sentence": causes.sentence(state.cause, state.detail, state.step),
        "since": state.since.isoformat() if state.since else None,
        "engine": state.engine or None,
        "version": state.facts.version,
        "models": [model.name for model in state.facts.models],
        "load": to_json(state.load),
        "seen_at": state.seen_at.isoformat() if state.seen_at else None,
        "paused_by": state.paused_by,
        "paused_until": state.paused_until.isoformat() if state.paused_until else None,
        "verify_tls": state.verify_tls,
        "overdue": overdue(state, now),
    }


def load_in_words(load: Load) -> str:
    """How hard an endpoint works."""
    if load.sleep_state not in (None, "awake"):
        return "asleep"
    figures = {"running": load.running, "waiting": load.waiting, "slots": load.slots}
    words = [f"{value:.0f} {name}" for name, value in figures.items() if value is not None]
    if load.deferred:
        words.append(f"{load.deferred:.0f} deferred")
    if load.kv_cache_usage is not None:
        words.append(f"KV cache {formats.percent(load.kv_cache_usage)}")
    if load.busy is not None:
        words.append("busy" if load.busy else "idle")
    return ", ".join(words) or formats.UNKNOWN
