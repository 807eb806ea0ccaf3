"""What the board shows: the current state rows, trouble first, then by team. Never reads the history.

A large fleet is folded: what is in trouble has its rows, and each team one line with its counts.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Count, Max

from ..access import Reader, reader, visible, visible_teams
from ..models import EndpointState
from ..verdict.status import Status
from .filters import Filters
from .headline import Headline, headline
from .order import NEEDS_ATTENTION
from .rows import Row, rows
from .selection import MOST_ROWS, Folded, Selection, select
from .states import engine_label

MANY_ROWS = 40
"""From more rows on each is kept low."""

_SLACK = timedelta(seconds=2)
"""A row may be committed after one that was stamped later, so the last moments are sent twice."""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading."""

    name: str
    rows: list[Row] = field(default_factory=list)
    slug: str = ""  # of the team, where the group is one


@dataclass(frozen=True, slots=True)
class Pages:
    """Where the rows stand among all that fit."""

    first: int
    last: int
    rows: int
    previous: str  # query strings; empty where there is none
    next: str


@dataclass(frozen=True, slots=True)
class StatusCount:
    status: str
    count: int
    query: str  # the query string that shows only these


@dataclass(frozen=True, slots=True)
class Totals:
    """The whole fleet that the person sees, whatever is filtered."""

    endpoints: int
    cursor: str  # names this state of the board: what is newer has to be sent


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the list."""

    headline: Headline
    totals: Totals
    counts: list[StatusCount]  # of what fits the filters, whatever its status
    filters: Filters


@dataclass(frozen=True, slots=True)
class Board(Head):
    """The board as one page shows it."""

    groups: list[Group]
    folded: list[Folded]
    pages: Pages

    @property
    def dense(self) -> bool:
        """Whether so many rows are listed that each is kept low."""
        return self.pages.rows > MANY_ROWS

    @property
    def everything(self) -> str:
        """The query string that lists what is folded."""
        return self.filters.but(all="1")


@dataclass(frozen=True, slots=True)
class Changes:
    """What moved since a cursor: nothing (no head), some rows, or so much that all is to be drawn again (`redraw`)."""

    cursor: str  # the new one
    head: Head | None = None
    rows: list[Row] = field(default_factory=list)
    redraw: bool = False


def board(user: User, filters: Filters) -> Board:
    """What the person may see of the fleet, filtered, in a number of queries that depends on nothing."""
    totals, who = _totals(user), reader(user)
    selection = select(user, who, filters)
    shown = rows(selection.page(filters))
    return Board(
        *_head(who, totals, selection, filters),
        groups=_groups(shown),
        folded=selection.folded,
        pages=_pages(filters, len(shown), selection.listed),
    )


def changes(user: User, filters: Filters, since: str, moved: Collection[int] | None = None) -> Changes:
    """What moved since the cursor `since`; a cursor that can't be read counts as very old.

    `moved` are the endpoints that changed, where that is known.
    """
    totals = _totals(user)
    shown, regrouped, members = _read_cursor(since)
    new_shown, new_regrouped, new_members = _read_cursor(totals.cursor)
    if new_members != members or new_regrouped > regrouped:
        return Changes(totals.cursor, redraw=True)
    if totals.cursor == since or (moved is None and new_shown <= shown):
        return Changes(since)
    if filters.model or filters.q or filters.engine:
        # A row may have begun or ceased to match, which the moved rows alone can't show.
        return Changes(totals.cursor, redraw=True)
    who = reader(user)
    selection = select(user, who, filters)
    page = set(selection.page(filters).values_list("pk", flat=True))
    states = EndpointState.objects.order_by("pk")
    if moved is None:
        states = states.filter(pk__in=page, shown_at__gt=_moment(shown) - _SLACK)
    else:
        states = states.filter(pk__in=page & set(moved))
    return Changes(totals.cursor, Head(*_head(who, totals, selection, filters)), rows(states))


def _head(
    who: Reader, totals: Totals, selection: Selection, filters: Filters
) -> tuple[Headline, Totals, list[StatusCount], Filters]:
    counts = selection.counts
    line = headline(who, selection.matching, counts, filtered=bool(totals.endpoints))
    # In order of urgency; "up" stands there even at zero.
    shown = [status for status in Status if counts.get(status) or status in (Status.UP, filters.status)]
    figures = [StatusCount(status, counts.get(status, 0), filters.but(status=status)) for status in shown]
    return line, totals, figures, filters


def choices(user: User) -> dict[str, list[tuple[str, str]]]:
    """What can be filtered by: (value, label) of the teams with endpoints and of the engines seen."""
    teams = visible_teams(user).filter(endpoints__isnull=False).distinct().values_list("slug", "name")
    known = visible(user, EndpointState.objects.exclude(engine=""), "endpoint__team").order_by("engine")
    engines = known.values_list("engine", flat=True).distinct()
    return {
        "teams": list(teams),
        "engines": [(name, engine_label(name)) for name in engines],
        "statuses": [(status.value, status.value) for status in Status],
    }


def _totals(user: User) -> Totals:
    states = visible(user, EndpointState.objects.order_by(), "endpoint__team")
    found = states.aggregate(count=Count("pk"), shown=Max("shown_at"), regrouped=Max("regrouped_at"), last=Max("pk"))
    cursor = f"{_micros(found['shown'])}.{_micros(found['regrouped'])}.{found['count']}-{found['last'] or 0}"
    return Totals(found["count"], cursor)


def _read_cursor(cursor: str) -> tuple[int, int, str]:
    shown, _, rest = cursor.partition(".")
    regrouped, _, members = rest.partition(".")
    if not (shown.isdecimal() and regrouped.isdecimal()):
        return 0, 0, ""
    return int(shown), int(regrouped), members


def _micros(at: datetime | None) -> int:
    return round(at.timestamp() * 1_000_000) if at else 0


def _moment(micros: int) -> datetime:
    return datetime.fromtimestamp(micros // 1_000_000, UTC) + timedelta(microseconds=micros % 1_000_000)


def _pages(filters: Filters, shown: int, listed: int) -> Pages:
    before = (filters.number - 1) * MOST_ROWS
    return Pages(
        first=before + 1,
        last=before + shown,
        rows=listed,
        previous=filters.but(page=str(filters.number - 1)) if filters.number > 1 else "",
        next=filters.but(page=str(filters.number + 1)) if before + shown < listed else "",
    )


def _groups(listed: list[Row]) -> list[Group]:
    """The rows in their order: trouble in a group of its own, then each team."""
    groups: list[Group] = []
    for row in listed:
        name, slug = ("Needs attention", "") if row.status in NEEDS_ATTENTION else (row.team, row.team_slug)
        if not groups or (groups[-1].name, groups[-1].slug) != (name, slug):
            groups.append(Group(name, slug=slug))
        groups[-1].rows.append(row)
    return groups
