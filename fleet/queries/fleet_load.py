"""Load across the fleet: every current verdict, the ones to act on first, and what changed lately."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils.safestring import SafeString

from core.natural_order import natural_key

from ..access import visible, visible_teams
from ..alerts.load_verdicts import with_before
from ..display.load_picture import Point, picture
from ..evidence.verdict import FIRM, Advice, State
from ..load import stored
from ..models import Endpoint, LoadVerdict

FIRST = 6
"""Endpoints to act on that are shown."""

DRAWN = 1500
"""Endpoints in the picture, the heaviest verdicts first: with more of them nothing could be read in it."""

CHANGES = 12
CHANGED_WITHIN = timedelta(days=30)
ROWS = 50
"""Of a page of the table."""

_FIGURES = ("since", "confirmed", "confidence", "line", "callers", "at_work", "in_time", "model")
_WEIGHT = {state.value: state.weight for state in State}


class Standing(NamedTuple):
    """The current load verdict of one endpoint. Shares are per cent. A tuple, since there are thousands on a page."""

    pk: int  # of the verdict
    endpoint_id: int
    endpoint: str
    team: str
    team_slug: str
    engine: str
    state: str
    limit: str
    since: datetime
    confirmed: bool
    confidence: str
    line: int | None  # callers at once
    callers: int | None  # 95th percentile in office hours
    at_work: float | None
    in_time: float | None
    model: str

    @property
    def words(self) -> str:
        """State and limit."""
        return f"{self.state}: {self.limit}" if self.limit else self.state

    @property
    def of_line(self) -> float | None:
        """Its callers as a share of its load line; None where one of them is not known."""
        return 100 * self.callers / self.line if self.line and self.callers is not None else None

    @property
    def order(self) -> tuple[Any, ...]:
        """The heaviest first, of these what is confirmed, of these the oldest."""
        return -_WEIGHT.get(self.state, 0), not self.confirmed, self.since, self.endpoint_id


@dataclass(frozen=True, slots=True)
class ToAct:
    """An endpoint with a firm verdict, and what to try next."""

    standing: Standing
    advice: Advice | None


@dataclass(slots=True)
class TeamLoad:
    """How a team's endpoints stand."""

    name: str
    query: str  # the query string that shows only these
    endpoints: int = 0  # with a verdict, be it that there is not enough evidence
    judged: int = 0
    to_act: int = 0


@dataclass(frozen=True)
class FleetLoad:
    """The verdicts that a person may see, filtered."""

    team: str  # a slug; empty: all
    state: str  # a state; empty: all
    standings: list[Standing]  # of all states, in order
    unjudged: int

    @property
    def shown(self) -> list[Standing]:
        """Those of the state that is asked for."""
        return [each for each in self.standings if each.state == self.state] if self.state else self.standings

    @property
    def counts(self) -> list[tuple[str, int, str]]:
        """(state, endpoints, the query string that shows only these), the heaviest first."""
        found = Counter(each.state for each in self.standings)
        return [(state, number, self.but(verdict=state)) for state, number in sorted(found.items(), key=_heaviest)]

    @property
    def to_act(self) -> int:
        """How many of those shown have a firm verdict."""
        return sum(each.state in FIRM for each in self.shown)

    @property
    def judged(self) -> int:
        """How many of them have enough evidence."""
        return sum(each.state != State.NOT_ENOUGH for each in self.standings)

    @property
    def by_team(self) -> list[TeamLoad]:
        """Each team that has verdicts, those with the most to act on first."""
        teams: dict[str, TeamLoad] = {}
        for each in self.standings:
            team = teams.setdefault(each.team_slug, TeamLoad(each.team, self.but(team=each.team_slug)))
            team.endpoints += 1
            team.judged += each.state != State.NOT_ENOUGH
            team.to_act += each.state in FIRM
        return sorted(teams.values(), key=lambda team: (-team.to_act, natural_key(team.name)))

    @cached_property
    def first(self) -> list[ToAct]:
        """Whom to help first, in one query."""
        chosen = [each for each in self.shown if each.state in FIRM][:FIRST]
        full = dict(LoadVerdict.objects.filter(pk__in=[each.pk for each in chosen]).values_list("pk", "verdicts"))
        return [ToAct(each, _next_step(full.get(each.pk, []))) for each in chosen]

    @property
    def picture(self) -> SafeString:
        """Those that are shown in one picture, DRAWN at most."""
        points = {each: _point(each) for each in self.shown[:DRAWN]}
        return picture(list(points.values()), [point for each, point in points.items() if each.state in FIRM])

    @property
    def drawn(self) -> int:
        """How many of them there are in the picture; 0: all that have any figure."""
        return DRAWN if len(self.shown) > DRAWN else 0

    @property
    def not_drawn(self) -> int:
        """How many have no figure at all, so that no picture can show them."""
        return sum(each.of_line is each.at_work is each.in_time is None for each in self.shown)

    @property
    def without_target(self) -> int:
        """How many have no service target, or nothing measured against it."""
        return sum(each.in_time is None for each in self.shown)

    def page(self, number: str) -> Page[Standing]:
        """A page of the table."""
        return Paginator(self.shown, ROWS).get_page(number)

    @property
    def query(self) -> str:
        """The query string of what is shown."""
        return self.but()

    def but(self, **changed: str) -> str:
        """The query string with these values changed."""
        known = {"team": self.team, "verdict": self.state} | changed
        return urlencode({key: value for key, value in known.items() if value})


def fleet_load(user: User, team: str, state: str) -> FleetLoad:
    """What the person may see, in two queries."""
    endpoints = visible(user, Endpoint.objects.filter(paused=False))
    current = visible(user, LoadVerdict.objects.filter(until=None, endpoint__paused=False), "endpoint__team")
    if team:
        endpoints, current = endpoints.filter(team__slug=team), current.filter(endpoint__team__slug=team)
    rows = current.order_by().values_list(
        "pk", "endpoint_id", "endpoint__name", "endpoint__team__name", "endpoint__team__slug",
        "endpoint__state__engine", "state", "limit", *_FIGURES,
    )  # fmt: skip
    found = sorted(map(Standing._make, rows), key=lambda each: each.order)
    return FleetLoad(team, state, found, endpoints.count() - len(found))


def teams(user: User) -> list[tuple[str, str]]:
    """(slug, name) of the teams to choose from."""
    return list(visible_teams(user).filter(endpoints__isnull=False).distinct().values_list("slug", "name"))


def recent_changes(user: User, team: str) -> Sequence[LoadVerdict]:
    """Verdicts that took another one's place lately, newest first; `was` and `was_limit` are those before."""
    since = datetime.now(UTC) - CHANGED_WITHIN
    rows = visible(user, LoadVerdict.objects.filter(since__gt=since), "endpoint__team")
    rows = rows.filter(endpoint__team__slug=team) if team else rows
    return list(with_before(rows).select_related("endpoint__team").defer("verdicts").order_by("-since")[:CHANGES])


def _heaviest(count: tuple[str, int]) -> int:
    return -_WEIGHT.get(count[0], 0)


def _next_step(verdicts: list[dict[str, Any]]) -> Advice | None:
    try:
        return next(iter(stored.from_json(verdicts[0]).advice), None) if verdicts else None
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _point(each: Standing) -> Point:
    loaded = each.at_work if each.of_line is None else each.of_line
    href = reverse("endpoint-load", args=[each.endpoint_id])
    state = each.state.replace(" ", "-")
    return Point(each.endpoint, href, each.words, state, loaded, each.of_line is not None, each.in_time)
