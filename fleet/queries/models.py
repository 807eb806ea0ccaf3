"""Who serves what: the models of all endpoints, put together by name."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User

from ..access import visible
from ..engines.reading import Model, model_from_json
from ..engines.registry import label
from ..models import EndpointState

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
        """How many endpoints have it."""
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
    for state, data in _offered(user):
        known = True
        capabilities.update(data.get("capabilities", ()))
        key = group_name(data["name"])
        if wanted in key and (not capability or capability in data.get("capabilities", ())):
            _join(groups.setdefault(key, Group(key)), state, data)
    shown = sorted(groups.values(), key=lambda g: (g.name != wanted, -g.loaded, g.name))[:GROUPS_SHOWN]
    return Listing(shown, len(groups), sorted(capabilities), known)


def group_name(name: str) -> str:
    """The name models are put together by: letter case and Ollama's default tag make no difference."""
    return name.lower().removesuffix(":latest")


def _offered(user: User) -> Iterator[tuple[EndpointState, dict[str, Any]]]:
    """Every model of every endpoint that the person may see, as stored. Those that work come first."""
    rows = EndpointState.objects.select_related("endpoint__team").defer("strip", "ladder", "load")
    rows = visible(user, rows, "endpoint__team")
    for state in sorted(rows, key=lambda s: (s.status not in _WORKING, s.endpoint.name.lower())):
        for data in state.facts.get("models", ()):
            yield state, data


_WORKING = ("up", "busy")


def _join(group: Group, state: EndpointState, data: dict[str, Any]) -> None:
    group.loaded += bool(data.get("loaded"))
    group.usable += state.status in _WORKING
    if len(group.offers) < OFFERS_SHOWN:
        group.offers.append(Offer(state, label(state.engine), model_from_json(data)))
    else:
        group.left_out += 1
