"""What the endpoint page shows, read from the state row and the latest history."""

import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from core.natural_order import natural_key

from ..alerts import digest
from ..display import ladder
from ..display.load_figures import Figure, figures
from ..display.snippets import Snippet, snippets
from ..engines.errors import Cause
from ..engines.questions import Question
from ..engines.reading import SURFACES, Facts, Model
from ..engines.reading_json import facts_from_json, load_from_json
from ..engines.registry import ENGINES, is_gateway, title
from ..history.availability import Availability, without_repeats
from ..models import Change, Endpoint, EndpointState, Incident, Observation
from ..verdict import causes
from ..verdict.status import TROUBLE, Status
from . import availability, marks
from .canary import CanaryLine, canary_line
from .readable import from_state

MODELS_SHOWN = 200
PROBES_SHOWN = 100
PROBES_UNFOLDED = 5
CHANGES_SHOWN = 50
INCIDENTS_SHOWN = 10

IN_FORCE = ("acknowledged", "silenced", "maintenance")
"""Marks that the page shows at length: queries.in_force."""

_SURFACE_WORDS = {
    "completions": ("Completions", "/v1/completions"),
    "chat": ("Chat", "/v1/chat/completions"),
    "responses": ("Responses", "/v1/responses"),
    "embeddings": ("Embeddings", "/v1/embeddings"),
    "messages": ("Anthropic messages", "/v1/messages"),
}
_ANSWERS = {
    "yes": "yes",
    "no": "no",
    "stateless": "yes, keeps no state: previous_response_id has no effect",
    "stateful": "yes, keeps state: previous_response_id works",
}


_BROKE = TROUBLE | {Status.LOADING}
"""Findings that end a probe's climb. Busy and asleep are read off the last step of a whole one."""


@dataclass(frozen=True, slots=True)
class Now:
    """The live part of the page: how the endpoint is at this moment."""

    endpoint: Endpoint
    state: EndpointState
    engine: str  # its title, or "" while nobody knows
    gateway: bool
    facts: Facts
    sentence: str
    advice: str
    probed_every: int  # seconds
    unconfirmed: str  # what the last probe found, where it is not believed yet
    rungs: list[ladder.Rung]
    figures: list[Figure]
    canary: CanaryLine | None
    marks: list[marks.Mark]
    certificate_soon: bool  # it ends so soon that someone should renew it
    incident: Incident | None  # the open one
    cursor: str  # moves whenever any of this does
    face: str


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model with the values that need working out."""

    model: Model
    vram_share: float | None  # 0..1
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Lately:
    """The parts that every probe moves, and that an open page asks for now and then."""

    cursor: str  # as that of Now
    probes: Sequence[Observation]  # the newest few, or a hundred
    more_probes: bool
    availability: tuple[Availability, ...]  # each period's that is not as long as the history


@dataclass(frozen=True, slots=True)
class Page:
    """The parts that a reload brings up to date."""

    models: list[ModelRow]
    models_left_out: int
    surfaces: list[tuple[str, str, str]]  # name, route, answer
    changes: Sequence[Change]
    incidents: Sequence[Incident]
    lately: Lately
    snippets: tuple[Snippet, ...]
    health: tuple[str, ...]  # the requests by which a probe judges it
    questions: tuple[Question, ...]  # and those by which it learns the rest


def now(endpoint: Endpoint) -> Now:
    """The endpoint as it is now; costs one query besides the endpoint itself, two while it is in trouble."""
    return from_state(partial(_now, endpoint), endpoint.state)


def _now(endpoint: Endpoint, state: EndpointState) -> Now:
    facts = facts_from_json(state.facts)
    engine = state.engine or endpoint.engine
    last = _observations(endpoint).first()
    why = causes.sentence(last.cause, last.detail) if last and last.cause != state.cause else ""
    new = state.cause == Cause.NEW and last is not None  # the first probes failed, but not often enough yet
    doubtful = new or state.cause in ("", Cause.RESUMED)
    broken = (last.step, why) if last and last.status in _BROKE else ("", "")
    return Now(
        endpoint=endpoint,
        state=state,
        engine=title(engine, facts.product) if engine else "",
        gateway=is_gateway(engine, facts.product),
        facts=facts,
        sentence="" if new or state.cause == Cause.PAUSED else causes.sentence(state.cause),
        advice="" if new else causes.advice(state.cause),
        probed_every=endpoint.interval * state.stretch,
        unconfirmed=causes.short(last.cause) if last and last.status in TROUBLE and doubtful else "",
        rungs=ladder.climb(state.ladder, *broken, known=["load"] if state.load else [], missing=facts.missing_steps),
        figures=figures(state.engine, load_from_json(state.load)),
        canary=canary_line(endpoint, state),
        marks=marks.shown(
            {kind: value for kind, value in state.marks.items() if kind not in IN_FORCE},
            not_probed_since=state.not_probed_since if state.status in TROUBLE else None,
        ),
        certificate_soon=bool(
            state.certificate_until and state.certificate_until - timezone.now() <= digest.CERTIFICATE
        ),
        incident=endpoint.incidents.open().only("pk").first() if state.status in TROUBLE else None,
        cursor=cursor(state),
        face=face(state),
    )


def face(state: EndpointState) -> str:
    """A text that is another one when the page's quiet parts have to be drawn again, as when status or models moved."""
    return from_state(_face, state)


def _face(state: EndpointState) -> str:
    facts = state.facts
    names = ",".join(model["name"] for model in facts.get("models", ()))
    who = (state.engine, facts.get("product"), facts.get("version"))
    arranged = (state.marks, state.endpoint.paused_until)
    parts = (state.status, who, names, bool(state.probed_at), state.endpoint.unverified, arranged)
    return f"{zlib.crc32(repr(parts).encode()):08x}"


def cursor(state: EndpointState) -> str:
    """A text that is another one as soon as the state was probed or changed by somebody."""
    moments = (m.timestamp() for m in (state.probed_at, state.shown_at) if m)
    return f"{max(moments, default=0):.6f}"


def page(current: Now, all_probes: bool = False) -> Page:
    """Everything else on the page; without `all_probes` it has the newest few alone, since each is a table."""
    endpoint, facts = current.endpoint, current.facts
    module = ENGINES.get(current.state.engine or endpoint.engine)
    recent, incidents = lately(endpoint, all_probes), list(endpoint.incidents.all()[:INCIDENTS_SHOWN])
    for incident in incidents:
        incident.stands_still(current.state)
    return Page(
        models=[ModelRow(m, vram_share(m), _moment(m.expires_at)) for m in _in_order(facts.models)[:MODELS_SHOWN]],
        models_left_out=max(0, len(facts.models) - MODELS_SHOWN),
        surfaces=[(*_SURFACE_WORDS[s], _ANSWERS.get(str(facts.api.get(s)), "not known")) for s in SURFACES],
        changes=list(endpoint.changes.all()[:CHANGES_SHOWN]),
        incidents=incidents,
        lately=recent,
        snippets=snippets(endpoint.url, current.state.engine, facts.models, bool(endpoint.api_key), endpoint.username),
        health=module.HEALTH if module else (),
        questions=module.QUESTIONS if module else (),
    )


def lately(endpoint: Endpoint, all_probes: bool = False) -> Lately:
    """What the last probes found, and the availability with them."""
    most = PROBES_SHOWN if all_probes else PROBES_UNFOLDED
    probes = list(_observations(endpoint).select_related("trace")[: most + 1])
    return Lately(
        cursor=cursor(endpoint.state),
        probes=probes[:most],
        more_probes=len(probes) > most and not all_probes,
        availability=without_repeats(availability.of_endpoint(endpoint, time.time()).periods),
    )


def _observations(endpoint: Endpoint) -> QuerySet[Observation]:
    return Observation.objects.filter(endpoint_id=endpoint.pk).order_by("-at")


def _in_order(models: Sequence[Model]) -> list[Model]:
    """Loaded ones first, then by name; remote ones last."""
    return sorted(models, key=lambda m: (bool(m.remote_host), not m.loaded, natural_key(m.name)))


def vram_share(model: Model) -> float | None:
    """The share of a loaded model that lies in VRAM, by the rule of `ollama ps`; None where it makes no sense."""
    if model.size_vram is None or not model.size_loaded or model.size_vram > model.size_loaded:
        return None
    return model.size_vram / model.size_loaded


def _moment(text: Any) -> datetime | None:
    """A time as engines write it. None for what is none, and for "never" (Ollama writes the year 1, or a far one)."""
    try:
        moment = parse_datetime(text) if text else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo and 2000 <= moment.year < 2200 else None
