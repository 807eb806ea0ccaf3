"""Which endpoints a board lists: those that fit the filters; of a large fleet what is in trouble, or a page."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet

from core.natural_order import natural_key

from ..access import Reader, visible
from ..models import EndpointState
from ..verdict.status import Status
from .filters import Filters
from .offered import has_model, has_model_with
from .order import HOST, NEEDS_ATTENTION, TROUBLED, order
from .states import judged
from .tagged import has_tag, has_tag_with
from .visible_counts import VisibleCounts

MOST_ROWS = 300
"""From more endpoints on the board is folded; what is still more than that comes in pages."""


@dataclass(slots=True)
class Folded:
    """A team whose endpoints are counted, not listed."""

    name: str
    slug: str
    query: str  # the query string that lists them
    counts: dict[str, int] = field(default_factory=dict)  # status -> endpoints, in order of urgency

    @property
    def endpoints(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Selection:
    """The states that fit the filters, and those of them that a page lists, in order."""

    matching: QuerySet[EndpointState]  # of any status, whatever status is asked for
    by_team: list[tuple[str, str, str, int]]  # of those: name and slug of a team, status, endpoints
    counts: dict[str, int]  # status -> endpoints
    states: QuerySet[EndpointState]  # those to list
    listed: int  # how many these are, on all pages
    folded: list[Folded]
    order: list[Any]

    def page(self, filters: Filters) -> list[int]:
        """The numbers of the endpoints on the page that is asked for, in order."""
        start = (filters.number - 1) * MOST_ROWS
        # Picked before their columns are read: PostgreSQL would make text of the JSON of all that fit, then sort.
        listed = self.states.alias(judged=judged()).order_by(*self.order)
        return list(listed.values_list("pk", flat=True)[start : start + MOST_ROWS])


def select(user: User, reader: Reader, filters: Filters, visible_counts: VisibleCounts | None = None) -> Selection:
    """What the board of this person lists with these filters, in one query, or in none where all is counted already."""
    matching = _matching(visible(user, EndpointState.objects.order_by(), "endpoint__team"), filters)
    if visible_counts and not (filters.team or filters.engine or filters.model or filters.tag or filters.q):
        by_team = [(*key, count) for key, count in visible_counts.by_team.items()]
    else:
        columns = ("endpoint__team__name", "endpoint__team__slug", "status")
        by_team = list(matching.values_list(*columns).annotate(Count("pk")))
    counts: dict[str, int] = {}
    for *_, status, count in by_team:
        counts[status] = counts.get(status, 0) + count
    found = counts.get(filters.status, 0) if filters.status else sum(counts.values())
    states = matching.filter(status=filters.status) if filters.status else matching
    in_order = order(reader, filters)
    if found <= MOST_ROWS or filters.team or filters.all or filters.sort or filters.group:
        return Selection(matching, by_team, counts, states, found, [], in_order)
    troubled = sum(counts.get(status, 0) for status in NEEDS_ATTENTION if filters.status in ("", status))
    return Selection(matching, by_team, counts, states.filter(TROUBLED), troubled, _fold(by_team, filters), in_order)


def _matching(states: QuerySet[EndpointState], filters: Filters) -> QuerySet[EndpointState]:
    if filters.team:
        states = states.filter(endpoint__team__slug=filters.team)
    if filters.engine:
        states = states.filter(engine=filters.engine)
    if filters.model:
        states = states.filter(has_model(filters.model))
    for tag in filters.tags:
        states = states.filter(has_tag(tag))
    if filters.q:
        named = Q(endpoint__name__icontains=filters.q) | Q(host__icontains=filters.q) | has_tag_with(filters.q)
        states = states.alias(host=HOST).filter(named | Q(has_model_with(filters.q)))
    return states


def _fold(counts: list[tuple[str, str, str, int]], filters: Filters) -> list[Folded]:
    """The teams by name, with what of them is not in trouble."""
    teams: dict[str, Folded] = {}
    rank = {status.value: number for number, status in enumerate(Status)}
    by_rank = sorted(counts, key=lambda each: rank.get(each[2], len(rank)))
    for name, slug, status, count in by_rank:
        if status not in NEEDS_ATTENTION and filters.status in ("", status):
            team = teams.setdefault(slug, Folded(name, slug, filters.but(team=slug)))
            team.counts[status] = count
    return sorted(teams.values(), key=lambda team: natural_key(team.name))
