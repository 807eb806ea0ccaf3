"""Endpoints of one's own teams that already are what an outcome asks for."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from django.contrib.auth.models import User

from core.natural_order import Natural, natural_key
from fleet.display.snippets import is_embedder
from fleet.engines.reading import Model
from fleet.engines.reading_json import facts_from_json
from fleet.engines.registry import label
from fleet.models import Endpoint, EndpointState
from fleet.verdict.status import Status
from teams.access import teams_of
from teams.models import Team

ENGINES = {
    "open": (),
    "ollama": ("ollama",),
    "start_with_ollama": ("ollama",),
    "vllm": ("vllm",),
    "split": ("ollama", "vllm"),
    "lm_studio_first": ("lmstudio", "ollama"),
    "conflict": (),
}
"""Outcome -> engines whose endpoints fit, as the fleet's registry names them."""

WORKING = (Status.UP, Status.BUSY)


@dataclass(frozen=True, slots=True)
class Fitting:
    """An endpoint that works now and runs an engine that fits."""

    endpoint: Endpoint
    engine: str  # its label
    status: str
    since: datetime | None
    models: list[str]  # the most useful first


def fitting(user: User, outcome: str, team: Team | None = None) -> list[Fitting]:
    """What of the fleet of the person's teams (or of `team`) fits the outcome and works, up before busy.

    Engines take turns, so that the first few show both sides of a split.
    """
    states = EndpointState.objects.filter(engine__in=ENGINES[outcome], status__in=WORKING)
    states = states.filter(endpoint__team__in=teams_of(user)).select_related("endpoint__team").defer("strip", "ladder")
    if team is not None:
        states = states.filter(endpoint__team=team)
    ranked = sorted(states, key=lambda s: (s.status != Status.UP, natural_key(s.endpoint.name)))
    offered = ((state, facts_from_json(state.facts).models) for state in ranked)
    fits = [_fitting(state, models) for state, models in offered if _generates(models)]
    numbers: defaultdict[str, Iterator[int]] = defaultdict(count)
    return sorted(fits, key=lambda fit: next(numbers[fit.engine]))


@dataclass(frozen=True, slots=True)
class Watched:
    """An endpoint of the team as it is now."""

    state: EndpointState
    engine: str  # its label; empty while nobody knows


def team_endpoints(team: Team) -> list[Watched]:
    """Everything the team watches, by name."""
    states = EndpointState.objects.filter(endpoint__team=team).select_related("endpoint")
    states = states.defer("strip", "ladder", "facts").order_by(Natural("endpoint__name"))
    return [Watched(state, label(state.engine)) for state in states]


def _fitting(state: EndpointState, models: tuple[Model, ...]) -> Fitting:
    ranked = sorted(models, key=lambda model: (is_embedder(model), not model.loaded, natural_key(model.name)))
    return Fitting(state.endpoint, label(state.engine), state.status, state.since, [model.name for model in ranked])


def _generates(models: tuple[Model, ...]) -> bool:
    """Whether these are more than embeddings. A server that reports no models may have some."""
    return not models or not all(is_embedder(model) for model in models)
