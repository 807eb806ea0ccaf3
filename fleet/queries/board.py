"""What the board shows: the current state rows, trouble first, then by team. Never reads the history.

A large fleet is folded: what is in trouble has its rows, and each team one line with its counts.
"""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Max
from django.utils.text import slugify

from teams.access import teams_of

from ..access import Reader, reader, visible
from ..endpoints.tags import in_use
from ..models import Endpoint, EndpointState
from ..verdict.status import Status
from .filters import GROUPS, SORTS, Filters
from .headline import Headline, headline
from .order import COLUMNS, NEEDS_ATTENTION, Column, sorted_by
from .rows import Row, rows
from .selection import MOST_ROWS, Folded, Selection, select
from .states import engine_label
from .visible_counts import VisibleCounts, visible_counts

_SLACK = timedelta(seconds=2)
"""A row may be committed after one that was stamped later, so the last moments are sent twice."""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading."""

    name: str
    key: str  # makes its id
    slug: str = ""  # of the team, where the group is one
    rows: list[Row] = field(default_factory=list)
    above: Counter[str] = field(default_factory=Counter)  # status -> its endpoints that stand under "Needs attention"

    @property
    def may_act(self) -> bool:
        return any(row.may_act for row in self.rows)

    @property
    def needs_attention(self) -> bool:
        return any(row.status in NEEDS_ATTENTION for row in self.rows)

    @property
    def summary(self) -> str:
        """As "16 up, 1 asleep, 2 down above"."""
        counts = Counter(row.status for row in self.rows)
        here = [f"{counts[status]} {status}" for status in Status if counts[status]]
        return ", ".join(here + [f"{self.above[status]} {status} above" for status in Status if self.above[status]])


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of a column, a link that sorts by it."""

    name: str
    label: str
    query: str  # the query string that sorts by it, or by its other end
    aria_sort: str = ""  # "ascending", "descending"


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
    empty_team: str  # the name of the team that is asked for, where it is the person's and has no endpoint

    @property
    def fitting(self) -> int:
        """How many fit the filters, listed or not."""
        status = self.filters.status
        return sum(each.count for each in self.counts if not status or each.status == status)

    @property
    def any_fits(self) -> bool:
        """Whether an endpoint of any status fits the other filters."""
        return any(each.count for each in self.counts)


@dataclass(frozen=True, slots=True)
class Board(Head):
    """The board as one page shows it."""

    visible: VisibleCounts
    groups: list[Group]
    folded: list[Folded]
    pages: Pages
    may_act: bool  # on any of the fleet

    @property
    def may_pick(self) -> bool:
        """Whether a row that is listed can be ticked."""
        return any(group.may_act for group in self.groups)

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
    totals, who, counts = _totals(user), reader(user), visible_counts(user)
    selection = select(user, who, filters, counts)
    page = selection.page(filters)
    made = {row.pk: row for row in rows(EndpointState.objects.filter(pk__in=page), who)}
    shown = [made[pk] for pk in page if pk in made]
    return Board(
        *_head(user, who, totals, selection, filters),
        visible=counts,
        groups=_groups(shown, filters),
        folded=selection.folded,
        pages=_pages(filters, len(shown), selection.listed),
        may_act=who.may_act is None or bool(who.may_act),
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
    states = selection.states
    if selection.listed > MOST_ROWS:
        states = EndpointState.objects.filter(pk__in=selection.page(filters))
    states = states.filter(shown_at__gt=_moment(shown) - _SLACK) if moved is None else states.filter(pk__in=moved)
    head = Head(*_head(user, who, totals, selection, filters))
    return Changes(totals.cursor, head, rows(states.order_by("pk"), who))


def _head(
    user: User, who: Reader, totals: Totals, selection: Selection, filters: Filters
) -> tuple[Headline, Totals, list[StatusCount], Filters, str]:
    counts, team = selection.counts, None
    if filters.team and not counts:
        team = teams_of(user).filter(slug=filters.team, endpoints=None).first()
    if team:
        line = Headline(f"{team} has no endpoints yet")
    else:
        line = headline(who, selection.matching, counts, filtered=bool(totals.endpoints))
    # In order of urgency; "up" stands there even at zero.
    shown = [status for status in Status if counts.get(status) or status in (Status.UP, filters.status)]
    figures = [StatusCount(status, counts.get(status, 0), filters.but(status=status)) for status in shown]
    return line, totals, figures, filters, team.name if team else ""


def headings(filters: Filters, columns: list[Column]) -> list[Heading]:
    """The heads of the columns: each sorts by its column, and once it does, from the other end."""
    wanted = sorted_by(filters)
    by, descending = wanted or (COLUMNS["status"], False)
    made = []
    for column in columns:
        is_on = column is by and wanted is not None
        sort = "" if column.name == "status" else f"-{column.name}" if filters.sort == column.name else column.name
        aria_sort = ("descending" if descending else "ascending") if is_on else ""
        made.append(Heading(column.name, column.label, filters.but(sort=sort), aria_sort))
    return made


def choices(user: User, board: Board) -> dict[str, Any]:
    """(value, label) of what the board can be filtered, grouped and sorted by; of tags the names."""
    teams, asked = board.visible.teams, board.filters.team
    if asked and asked not in dict(teams):
        teams = [(asked, board.empty_team or asked), *teams]
    return {
        "teams": teams,
        "engines": [(name, engine_label(name)) for name in sorted(board.visible.engines - {""})],
        "tags": in_use(visible(user, Endpoint.objects.all())),
        "statuses": [(status.value, status.value) for status in Status],
        "groups": [(name, f"Group: {'first tag' if name == 'tag' else name}") for name in GROUPS],
        "sorts": [("", "Sort: status"), *_sorts(board.filters)],
    }


def _sorts(filters: Filters) -> list[tuple[str, str]]:
    """Every column, and the other end of the one in use."""
    labels = {name: f"Sort: {COLUMNS[name].sort_label or COLUMNS[name].label.lower()}" for name in SORTS}
    found = list(labels.items())
    if filters.sort.startswith("-"):
        found.append((filters.sort, f"{labels[filters.sort[1:]]}, reversed"))
    return found


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


def _groups(listed: list[Row], filters: Filters) -> list[Group]:
    """The rows in their order, in groups; trouble in groups of its own, unless they are sorted by a column."""
    groups: dict[str, Group] = {}
    above: dict[str, Counter[str]] = defaultdict(Counter)  # key of a group -> what of it stands above
    by, is_sorted = filters.grouped_by, sorted_by(filters) is not None
    for row in listed:
        if by == "team":
            group = Group(row.team, f"team-{row.team_slug}", row.team_slug)
        elif by == "engine":
            group = Group(engine_label(row.engine), f"engine-{slugify(row.engine)}")
        elif by == "tag":
            group = Group(row.tag or "No tag", f"tag-{slugify(row.tag.replace('.', '-'))}")
        elif by == "host":
            group = Group(row.host, f"host-{slugify(row.host.replace('.', '-'))}")
        else:
            group = Group("Endpoints", "endpoints")
        if row.status in NEEDS_ATTENTION and not is_sorted:
            above[group.key][row.status] += 1
            others = Group("Needs attention in other teams", "attention-others")
            group = Group("Needs attention", "attention") if row.is_own else others
        groups.setdefault(group.key, group).rows.append(row)
    return [replace(group, above=above[group.key]) for group in groups.values()]
