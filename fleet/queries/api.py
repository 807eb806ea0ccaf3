"""The board as a program reads it, in a number of queries that depends on nothing. Not known is None, never zero."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from django.db.models import Count, QuerySet
from django.urls import reverse

from core.health import glance
from core.natural_order import Natural
from core.site_url import absolute
from teams.tokens import Bearer

from ..access import seen
from ..display.load_figures import own_names
from ..engines.reading import Load, Model
from ..engines.reading_json import to_json
from ..engines.registry import is_gateway
from ..models import EndpointState, Incident
from ..verdict import causes
from ..verdict.status import Status
from .states import StateRow, read
from .tagged import has_tag

_INCIDENT = ("endpoint_id", "pk", "opened_at", "acknowledged")
_LOAD = (
    "running", "waiting", "deferred", "slots", "busy", "kv_cache_usage", "preemptions", "prefix_cache_queries",
    "prefix_cache_hits", "prompt_tokens", "generation_tokens", "requests", "sleep_state",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the fleet is asked for; empty means all of it."""

    team: str = ""  # a slug
    status: str = ""
    tag: str = ""


def status(bearer: Bearer, asked: Asked) -> dict[str, Any]:
    """What GET /api/v1/status answers: JSON values."""
    now = datetime.now(UTC)
    states = seen(bearer, EndpointState.objects.order_by(), "endpoint__team")
    counts = Counter(dict(states.values_list("status").annotate(Count("pk"))))
    return {
        "generated_at": _iso(now),
        "watch": _watch(),
        "totals": {status.value: counts[status.value] for status in Status},
        "endpoints": _endpoints(bearer, states, asked, now),
    }


def _watch() -> dict[str, Any]:
    """The watch's own trouble. While `old_picture` is true, all else is what was and not what is."""
    troubles = [{"part": t.part, "text": t.text, "since": _iso(t.since)} for t in glance.troubles()]
    return {"ok": not troubles, "old_picture": glance.old_picture(), "troubles": troubles}


def _endpoints(bearer: Bearer, states: QuerySet[Any], asked: Asked, now: datetime) -> list[dict[str, Any]]:
    if asked.team:
        states = states.filter(endpoint__team__slug=asked.team)
    if asked.status:
        states = states.filter(status=asked.status)
    if asked.tag:
        states = states.filter(has_tag(asked.tag))
    open_now = seen(bearer, Incident.objects.open().with_acknowledged(now).order_by(), "endpoint__team")
    incidents = {row[0]: _incident(*row) for row in open_now.values_list(*_INCIDENT)}
    return read(
        states.order_by(Natural("endpoint__team__slug"), Natural("endpoint__name")), partial(_endpoint, incidents)
    )


def _endpoint(incidents: dict[int, dict[str, Any]], row: StateRow) -> dict[str, Any]:
    engine, facts, marks = row.engine or row.pinned_engine, row.facts, row.marks
    return {
        "id": row.endpoint_id,
        "name": row.name,
        "team": row.team_slug,
        "url": _without_credentials(row.url),
        "tags": row.tags,
        "engine": engine or None,
        "product": facts.product,
        "gateway": is_gateway(engine, facts.product),
        "behind": [to_json(backend) for backend in facts.behind],
        "version": facts.version,
        "status": row.status,
        "cause": row.cause or None,
        "sentence": causes.sentence(row.cause, row.detail, row.step) or None,
        "since": _iso(row.since),
        "last_probe_at": _iso(row.probed_at),
        "last_answer_at": _iso(row.seen_at),
        "latency_ms": row.latency_ms,
        "models": _models(facts.models),
        "load": {name: getattr(row.load, name) for name in _LOAD},
        "engine_figures": _by_own_names(engine, row.load),
        "incident": incidents.get(row.endpoint_id),
        "silenced": bool(marks.get("silenced")),
        "maintenance": bool(marks.get("maintenance")),
        "flapping": bool(marks.get("flapping")),
        "unreadable": bool(marks.get("unreadable")),
        "paused_by": row.paused_by,
        "paused_until": _iso(row.paused_until),
    }


def _models(models: tuple[Model, ...]) -> dict[str, list[str] | None]:
    """The names of what it offered when it was asked last. An engine that does not report what is loaded: None."""
    if not models:
        return {"offered": None, "loaded": None}
    reported = any(model.loaded is not None for model in models)
    loaded = [model.name for model in models if model.loaded]
    return {"offered": [model.name for model in models], "loaded": loaded if reported else None}


def _by_own_names(engine: str, load: Load) -> dict[str, Any]:
    names = own_names(engine)
    found = {name: value for field, name in names.items() if (value := getattr(load, field)) is not None}
    if load.deferred and names.get("waiting") in found:
        found[names["waiting"]] += load.deferred
    return found


def _incident(_: int, pk: int, opened_at: datetime, acknowledged: bool) -> dict[str, Any]:
    return {
        "id": pk,
        "url": absolute(reverse("incident", args=[pk])),
        "opened_at": _iso(opened_at),
        "acknowledged": acknowledged,
    }


def _without_credentials(url: str) -> str:
    """The forms take none; what older data or another way brought is not passed on."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.rpartition("@")[2]
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None
