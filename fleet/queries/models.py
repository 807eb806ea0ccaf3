"""Who serves what: the models of all endpoints, put together by name."""

from dataclasses import dataclass, field

from django.contrib.auth.models import User

from ..access import visible
from ..engines.reading import Model, facts_from_json
from ..engines.registry import label
from ..models import EndpointState
from .readable import from_state

GROUPS_SHOWN = 200
OFFERS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Offer:
    """One endpoint that has the model."""

    state: EndpointState
    engine: str  # its label
    model: Model


@dataclass(slots=True)
class Group:
    """One model, wherever it is served."""

    name: str
    offers: list[Offer] = field(default_factory=list)
    left_out: int = 0
    loaded: int = 0  # endpoints that have it in memory
    usable: int = 0  # endpoints that have it and work

    @property
    def endpoints(self) -> int:
        return len(self.offers) + self.left_out


@dataclass(frozen=True, slots=True)
class Listing:
    """The models page: the groups that fit, and what there was in all."""

    groups: list[Group]
    names: int  # that fit the search
    capabilities: list[str]  # that any model of the fleet has
    known: bool  # whether any model is known at all

    @property
    def left_out(self) -> int:
        """How many names fit but are not shown."""
        return self.names - len(self.groups)


def listing(user: User, search: str = "", capability: str = "") -> Listing:
    """The models that the person may see, whose name contains `search` and that have `capability` (empty: any)."""
    wanted = search.strip().lower().removesuffix(":latest")
    groups: dict[str, Group] = {}
    capabilities: set[str] = set()
    known = False
    for state in _states(user):
        for model, can in from_state(_models, state):
            known = True
            capabilities |= can
            key = group_name(model.name)
            if wanted in key and (not capability or capability in can):
                group = groups.setdefault(key, Group(key))
                group.loaded += bool(model.loaded)
                group.usable += state.status in _WORKING
                if len(group.offers) < OFFERS_SHOWN:
                    group.offers.append(Offer(state, label(state.engine), model))
                else:
                    group.left_out += 1
    shown = sorted(groups.values(), key=lambda g: (g.name != wanted, -g.loaded, g.name))[:GROUPS_SHOWN]
    return Listing(shown, len(groups), sorted(capabilities), known)


def group_name(name: str) -> str:
    """The name models are put together by: letter case and Ollama's default tag make no difference."""
    return name.lower().removesuffix(":latest")


def _states(user: User) -> list[EndpointState]:
    """The endpoints that the person may see, those that work first."""
    rows = EndpointState.objects.select_related("endpoint__team").defer("strip", "ladder", "load", "endpoint__api_key")
    rows = visible(user, rows, "endpoint__team")
    return sorted(rows, key=lambda s: (s.status not in _WORKING, s.endpoint.name.lower()))


def _models(state: EndpointState) -> list[tuple[Model, set[str]]]:
    """Its models with what each can do."""
    return [(model, set(model.capabilities)) for model in facts_from_json(state.facts).models]


_WORKING = ("up", "busy")
