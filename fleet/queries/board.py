"""What the board shows: the current state rows, trouble first, then by team. Never reads the history.

A large fleet is folded: what is in trouble has its rows, and each team one line with its counts.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Case, Count, F, IntegerField, Max, Q, QuerySet, Value, When
from django.db.models.functions import Lower, StrIndex, Substr

from ..access import visible, visible_teams
from ..models import EndpointState
from ..verdict.status import Status
from .filters import Filters
from .headline import KNOWN, Headline, headline
from .offered import has_model, has_model_with
from .rows import Row, rows
from .states import engine_label

MOST_ROWS = 200
"""From more endpoints on the board is folded; what is still more than that comes in pages."""

MANY_ROWS = 40
"""From more rows on each is kept low."""

NEEDS_ATTENTION = (Status.DOWN, Status.DEGRADED, Status.BUSY)
_TROUBLED = Q(status__in=NEEDS_ATTENTION)
_URGENCY = Case(
    *(When(status=status, then=Value(rank)) for rank, status in enumerate(NEEDS_ATTENTION)),
    default=Value(len(NEEDS_ATTENTION)),
    output_field=IntegerField(),
)
_ORDER = (
    Case(When(_TROUBLED & KNOWN, then=Value(1)), When(_TROUBLED, then=Value(0)), default=Value(2)),
    _URGENCY,
    Case(When(_TROUBLED, then=F("since"))),
    Lower("endpoint__team__name"),
    Lower("endpoint__name"),
)
"""Trouble by urgency and age, what people know of after the rest; then the others by team and name."""

_SLACK = timedelta(seconds=2)
"""A row may be committed after one that was stamped later, so the last moments are sent twice."""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading."""

    name: str
    rows: list[Row] = field(default_factory=list)
    slug: str = ""  # of the team, where the group is one


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
    """The whole fleet in figures, whatever is filtered."""

    counts: dict[str, int]
    cursor: str  # names this state of the board: what is newer has to be sent

    @property
    def endpoints(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Board:
    """The board as one page shows it."""

    headline: Headline
    totals: Totals
    counts: list[StatusCount]
    filters: Filters
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
    """What moved since a cursor: some rows, or so much that the whole board is to be drawn again."""

    redraw: bool
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class _Selection:
    """The states that one page of the board lists, in order, out of those that fit the filters."""

    states: QuerySet[EndpointState]
    listed: int  # of how many they are a page
    folded: list[Folded]

    def page(self, filters: Filters) -> QuerySet[EndpointState]:
        start = (filters.number - 1) * MOST_ROWS
        # Picked before their columns are read: PostgreSQL would make text of the JSON of all that fit, then sort.
        listed = self.states.order_by(*_ORDER).values_list("pk", flat=True)[start : start + MOST_ROWS]
        return EndpointState.objects.filter(pk__in=list(listed)).order_by(*_ORDER)


def board(user: User, filters: Filters) -> Board:
    """What the person may see of the fleet, filtered, in a number of queries that depends on nothing."""
    totals, selection = _totals(user), _select(user, filters)
    shown = rows(selection.page(filters))
    return Board(
        headline=headline(user, totals.counts),
        totals=totals,
        counts=status_counts(totals, filters),
        filters=filters,
        groups=_groups(shown),
        folded=selection.folded,
        pages=_pages(filters, len(shown), selection.listed),
    )


def changes(user: User, filters: Filters, since: str, moved: Collection[int] | None = None) -> tuple[Totals, Changes]:
    """What moved since the cursor `since`; a cursor that can't be read counts as very old.

    `moved` are the endpoints that changed, where that is known.
    """
    totals = _totals(user)
    shown, regrouped, members = _read_cursor(since)
    new_shown, new_regrouped, new_members = _read_cursor(totals.cursor)
    if new_members != members or new_regrouped > regrouped:
        return totals, Changes(redraw=True, rows=[])
    if moved is None and new_shown <= shown:
        return totals, Changes(redraw=False, rows=[])
    if filters.model or filters.q or filters.engine:
        # A row may have begun or ceased to match, which the moved rows alone can't show.
        return totals, Changes(redraw=True, rows=[])
    page = set(_select(user, filters).page(filters).values_list("pk", flat=True))
    states = EndpointState.objects.order_by("pk")
    if moved is None:
        states = states.filter(pk__in=page, shown_at__gt=_moment(shown) - _SLACK)
    else:
        states = states.filter(pk__in=page & set(moved))
    return totals, Changes(redraw=False, rows=rows(states))


def status_counts(totals: Totals, filters: Filters) -> list[StatusCount]:
    """The figures under the headline, in order of urgency; "up" stands there even at zero."""
    return [
        StatusCount(status, totals.counts.get(status, 0), filters.but(status=status))
        for status in Status
        if totals.counts.get(status) or status is Status.UP
    ]


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
    by_status = visible(user, EndpointState.objects.order_by(), "endpoint__team").values("status")
    rows = by_status.annotate(count=Count("pk"), shown=Max("shown_at"), regrouped=Max("regrouped_at"), last=Max("pk"))
    counts = {row["status"]: row["count"] for row in rows}
    shown, regrouped = (max((_micros(row[key]) for row in rows), default=0) for key in ("shown", "regrouped"))
    last = max((row["last"] for row in rows), default=0)
    return Totals(counts, f"{shown}.{regrouped}.{sum(counts.values())}-{last}")


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


def _select(user: User, filters: Filters) -> _Selection:
    states = visible(user, EndpointState.objects.order_by(), "endpoint__team")
    if filters.team:
        states = states.filter(endpoint__team__slug=filters.team)
    if filters.status:
        states = states.filter(status=filters.status)
    if filters.engine:
        states = states.filter(engine=filters.engine)
    if filters.model:
        states = states.filter(has_model(filters.model))
    if filters.q:
        host = Substr("endpoint__url", StrIndex("endpoint__url", Value("://")) + 3)
        named = Q(endpoint__name__icontains=filters.q) | Q(host__icontains=filters.q)
        states = states.alias(host=host).filter(named | Q(has_model_with(filters.q)))
    by_team = states.values_list("endpoint__team__name", "endpoint__team__slug", "status").annotate(Count("pk"))
    counts = list(by_team)
    found = sum(count for *_, count in counts)
    if found <= MOST_ROWS or filters.team or filters.all:
        return _Selection(states, found, [])
    troubled = sum(count for *_, status, count in counts if status in NEEDS_ATTENTION)
    return _Selection(states.filter(_TROUBLED), troubled, _fold(counts, filters))


def _fold(counts: list[tuple[str, str, str, int]], filters: Filters) -> list[Folded]:
    """The teams by name, with what of them is not in trouble."""
    teams: dict[str, Folded] = {}
    rank = {status.value: number for number, status in enumerate(Status)}
    by_urgency = sorted(counts, key=lambda each: rank.get(each[2], len(rank)))
    for name, slug, status, count in by_urgency:
        if status not in NEEDS_ATTENTION:
            team = teams.setdefault(slug, Folded(name, slug, filters.but(team=slug)))
            team.counts[status] = count
    return sorted(teams.values(), key=lambda team: team.name.lower())


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
