"""Who serves what: the models of all endpoints, put together by name."""

from dataclasses import dataclass, field

from django.contrib.auth.models import User

from core.natural_order import natural_key

from ..access import visible
from ..engines.reading import Model
from ..models import EndpointState
from ..verdict.status import Status
from . import offered
from .states import StateRow, read
from .tagged import has_tag

GROUPS_SHOWN = 200
WORKING = (Status.UP, Status.BUSY)
AWAY = (Status.DOWN, Status.UNKNOWN, Status.PAUSED)
"""Of these is only known what was loaded when they last answered."""

OFFERS_SHOWN = 50
OFFERS_OF_MANY = 10
"""Endpoints listed under a name: OFFERS_SHOWN while at most FEW names fit, so that a large fleet is a page to read."""

FEW = 5


@dataclass(frozen=True, slots=True)
class Offer:
    """One endpoint that has the model."""

    state: StateRow
    model: Model

    @property
    def away(self) -> bool:
        """Whether what is known of it is of its last answer."""
        return self.state.status in AWAY


@dataclass(slots=True)
class Group:
    """One model, wherever it is served."""

    name: str
    working: list[int] = field(default_factory=list)  # numbers of the endpoints that have it and work
    others: list[int] = field(default_factory=list)  # and of those that have it and do not
    loaded: int = 0  # how many have it in memory, as far as they answer
    offers: list[Offer] = field(default_factory=list)  # by the first of them, by name

    @property
    def endpoints(self) -> int:
        """How many endpoints have it."""
        return len(self.working) + len(self.others)

    @property
    def usable(self) -> int:
        """How many of them work."""
        return len(self.working)

    @property
    def left_out(self) -> int:
        """How many endpoints are not listed."""
        return self.endpoints - len(self.offers)


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


def listing(user: User, search: str = "", capability: str = "", tag: str = "") -> Listing:
    """The models that the person may see, whose name contains `search` and that have `capability` (empty: any).

    `tag`: only what endpoints with this tag offer.
    """
    states = visible(user, EndpointState.objects.all(), "endpoint__team")
    found = offered.offers(states.filter(has_tag(tag)) if tag else states)
    wanted = group_name(search.strip())
    groups: dict[str, Group] = {}
    for each in found:
        if wanted in each.name.lower() and (not capability or capability in each.capabilities):
            key = group_name(each.name)
            group = groups.get(key) or groups.setdefault(key, Group(key))
            (group.working if each.status in WORKING else group.others).extend(each.endpoints)
            group.loaded += 0 if each.status in AWAY else each.loaded
    shown = sorted(groups.values(), key=lambda g: (g.name != wanted, -g.loaded, natural_key(g.name)))[:GROUPS_SHOWN]
    _add_offers(shown, OFFERS_SHOWN if len(shown) <= FEW else OFFERS_OF_MANY)
    capabilities = sorted({word for each in found for word in each.capabilities})
    return Listing(shown, len(groups), capabilities, known=bool(found))


def group_name(name: str) -> str:
    """The name models are put together by: letter case and Ollama's default tag make no difference."""
    return name.lower().removesuffix(":latest")


def _add_offers(groups: list[Group], most: int) -> None:
    """Adds the first endpoints of each group. What can't be read of an endpoint is left out."""
    listed = {group.name: [*sorted(group.working), *sorted(group.others)][:most] for group in groups}
    states = read(EndpointState.objects.filter(pk__in={pk for pks in listed.values() for pk in pks}), lambda s: s)
    states.sort(key=lambda state: (state.status not in WORKING, natural_key(state.name)))
    place = {state.endpoint_id: number for number, state in enumerate(states)}
    models = {(s.endpoint_id, group_name(m.name)): Offer(s, m) for s in states for m in s.facts.models}
    for group in groups:
        in_order = sorted(listed[group.name], key=lambda pk: place.get(pk, 0))
        group.offers = [models[pk, group.name] for pk in in_order if (pk, group.name) in models]
