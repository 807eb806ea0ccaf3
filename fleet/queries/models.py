"""Who serves what: the models of all endpoints, put together by name."""

from dataclasses import dataclass, field

from django.contrib.auth.models import User

from ..access import visible
from ..engines.reading import Model
from ..models import EndpointState
from . import offered
from .states import StateRow, read

GROUPS_SHOWN = 200
OFFERS_SHOWN = 50
OFFERS_OF_MANY = 10
"""Endpoints listed under a name: OFFERS_SHOWN while at most FEW names fit, so that a large fleet is a page to read."""

FEW = 5


@dataclass(frozen=True, slots=True)
class Offer:
    """One endpoint that has the model."""

    state: StateRow
    model: Model


@dataclass(slots=True)
class Group:
    """One model, wherever it is served."""

    name: str
    endpoints: list[int] = field(default_factory=list)  # numbers of those that have it; those that work come first
    loaded: int = 0  # of them have it in memory
    usable: int = 0  # of them work
    offers: list[Offer] = field(default_factory=list)

    @property
    def left_out(self) -> int:
        """How many endpoints are not listed."""
        return len(self.endpoints) - len(self.offers)


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
    states = visible(user, EndpointState.objects.all(), "endpoint__team")
    wanted = group_name(search.strip())
    groups: dict[str, Group] = {}
    for endpoint, usable, loaded, name in offered.offers(states, wanted, capability):
        key = group_name(name)
        group = groups.get(key) or groups.setdefault(key, Group(key))
        group.endpoints.append(endpoint)
        group.loaded += loaded
        group.usable += usable
    shown = sorted(groups.values(), key=lambda g: (g.name != wanted, -g.loaded, g.name))[:GROUPS_SHOWN]
    _add_offers(shown, OFFERS_SHOWN if len(shown) <= FEW else OFFERS_OF_MANY)
    known = bool(groups) or bool((wanted or capability) and offered.offers(states))
    return Listing(shown, len(groups), offered.capabilities(states), known)


def group_name(name: str) -> str:
    """The name models are put together by: letter case and Ollama's default tag make no difference."""
    return name.lower().removesuffix(":latest")


def _add_offers(groups: list[Group], most: int) -> None:
    """Adds the first endpoints of each group. What can't be read of an endpoint is left out."""
    listed = {pk for group in groups for pk in group.endpoints[:most]}
    states = dict(read(EndpointState.objects.filter(pk__in=listed), lambda state: (state.endpoint_id, state)))
    models = {(pk, group_name(m.name)): Offer(state, m) for pk, state in states.items() for m in state.facts.models}
    for group in groups:
        found = (models.get((pk, group.name)) for pk in group.endpoints[:most])
        group.offers = [offer for offer in found if offer]
