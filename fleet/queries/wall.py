"""The board for a screen on the wall: what is in trouble, and one tile for each team. Fits one screen."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.auth.models import User

from core.natural_order import natural_key

from ..access import reader
from ..models import EndpointState
from ..verdict.status import TROUBLE, Status
from . import marks
from .filters import Filters
from .headline import Headline, headline
from .order import TROUBLED, by_urgency
from .selection import select
from .states import StateRow, read

MOST_TROUBLE, MOST_TILES = 8, 24
"""What fits a screen of 1080 lines; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One endpoint in trouble."""

    name: str
    team: str
    status: str
    since: datetime | None
    cause: str
    marks: list[marks.Mark]
    known: bool  # acknowledged or muted


@dataclass(frozen=True, slots=True)
class Tile:
    """A team: its worst status, and how many endpoints have each."""

    name: str
    status: str
    counts: dict[str, int]  # in order of urgency


@dataclass(frozen=True, slots=True)
class Wall:
    headline: Headline
    trouble: list[Trouble]
    more_trouble: int
    tiles: list[Tile]
    more_tiles: int
    at: datetime


def wall(user: User, filters: Filters) -> Wall:
    """What of the fleet the person may see on the wall."""
    who = reader(user)
    selection = select(user, who, filters)
    troubled = selection.matching.filter(TROUBLED)
    first = list(troubled.order_by(*by_urgency(who)).values_list("pk", flat=True)[:MOST_TROUBLE])
    shown = dict(read(EndpointState.objects.filter(pk__in=first), _trouble, board=True))
    tiles = _tiles(selection.by_team)
    return Wall(
        headline=headline(who, selection.matching, selection.counts, filtered=bool(filters.active)),
        trouble=[shown[pk] for pk in first if pk in shown],
        more_trouble=max(0, sum(selection.counts.get(s, 0) for s in (*TROUBLE, Status.BUSY)) - MOST_TROUBLE),
        tiles=tiles[:MOST_TILES],
        more_tiles=max(0, len(tiles) - MOST_TILES),
        at=datetime.now(UTC),
    )


def _trouble(state: StateRow) -> tuple[int, Trouble]:
    return state.endpoint_id, Trouble(
        name=state.name,
        team=state.team,
        status=state.status,
        since=state.since,
        cause=state.why,
        marks=marks.shown(state.marks),
        known=state.status in TROUBLE and marks.trouble_is_known(state.marks),
    )


def _tiles(by_team: list[tuple[str, str, str, int]]) -> list[Tile]:
    """The teams, the worst first."""
    rank = {status.value: number for number, status in enumerate(Status)}
    teams: dict[str, dict[str, int]] = {}
    for name, _, status, count in sorted(by_team, key=lambda each: rank.get(each[2], len(rank))):
        teams.setdefault(name, {})[status] = count
    tiles = [Tile(name, next(iter(counts)), counts) for name, counts in teams.items()]
    return sorted(tiles, key=lambda tile: (rank.get(tile.status, len(rank)), natural_key(tile.name)))
