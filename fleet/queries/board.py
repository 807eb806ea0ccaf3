"""What the board shows: the current state rows, grouped by urgency and team. Never reads the history."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Case, Count, IntegerField, Max, Value, When

from ..access import visible, visible_teams
from ..models import EndpointState
from ..verdict.status import Status
from .cells import cells_of, engine_label
from .headline import Headline, headline
from .readable import from_columns
from .rows import COLUMNS, Row, netloc, row

NEEDS_ATTENTION = (Status.DOWN, Status.DEGRADED, Status.BUSY)
_URGENCY = Case(
    *(When(status=status, then=Value(rank)) for rank, status in enumerate(Status)),
    default=Value(len(Status)),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the fleet is asked for; empty means all of it."""

    team: str = ""  # a slug
    engine: str = ""
    status: str = ""
    model: str = ""  # an offered model, by its whole name or the part before its tag
    q: str = ""  # part of a name, host or model

    @classmethod
    def of(cls, query: Any) -> "Filters":
        """From a request's query; unknown statuses and engines simply match nothing."""
        return cls(**{name: query.get(name, "").strip()[:200] for name in cls.__slots__})

    @property
    def active(self) -> dict[str, str]:
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}

    @property
    def without_model(self) -> str:
        """The query string that shows all models again."""
        return urlencode({key: value for key, value in self.active.items() if key != "model"})

    def with_status(self, status: str) -> str:
        return urlencode({**self.active, "status": status})


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading."""

    name: str
    rows: list[Row]
    slug: str = ""  # of the team, where the group is one


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

    @property
    def shown(self) -> int:
        return sum(len(group.rows) for group in self.groups)


@dataclass(frozen=True, slots=True)
class Changes:
    """What moved since a cursor: some rows, or so much that the whole board is to be drawn again."""

    redraw: bool
    rows: list[Row]


def board(user: User, filters: Filters) -> Board:
    """What the person may see of the fleet, filtered, in a number of queries that depends on nothing."""
    totals = _totals(user)
    return Board(
        headline=headline(user, totals.counts),
        totals=totals,
        counts=status_counts(totals, filters),
        filters=filters,
        groups=_groups(_rows(user, filters)),
    )


def changes(user: User, filters: Filters, since: str) -> tuple[Totals, Changes]:
    """What moved since the cursor `since`; a cursor that can't be read counts as very old."""
    totals = _totals(user)
    shown, regrouped, members = _read_cursor(since)
    new_shown, new_regrouped, new_members = _read_cursor(totals.cursor)
    if new_members != members or new_regrouped > regrouped:
        return totals, Changes(redraw=True, rows=[])
    if new_shown <= shown:
        return totals, Changes(redraw=False, rows=[])
    if filters.model or filters.q or filters.engine:
        # A row may have begun or ceased to match, which the moved rows alone can't show.
        return totals, Changes(redraw=True, rows=[])
    moved = {"shown_at__gt": _moment(shown) - _slack()}
    return totals, Changes(redraw=False, rows=_rows(user, filters, **moved))


def status_counts(totals: Totals, filters: Filters) -> list[StatusCount]:
    """The figures under the headline, in order of urgency; "up" stands there even at zero."""
    return [
        StatusCount(status, totals.counts.get(status, 0), filters.with_status(status))
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


def _slack() -> timedelta:
    """PostgreSQL may commit a row after one that was stamped later, so the last moments are sent twice."""
    return timedelta(0) if connection.vendor == "sqlite" else timedelta(seconds=2)


def _rows(user: User, filters: Filters, **moved: Any) -> list[Row]:
    states = visible(user, EndpointState.objects.filter(**moved), "endpoint__team")
    states = states.order_by(_URGENCY, "since", "endpoint__name")
    if filters.team:
        states = states.filter(endpoint__team__slug=filters.team)
    if filters.status:
        states = states.filter(status=filters.status)
    if filters.engine:
        states = states.filter(engine=filters.engine)
    by_model = filters.model or filters.q
    found = states.values(*COLUMNS, "facts") if by_model else states.values(*COLUMNS)
    matching = [state for state in found if not by_model or from_columns(partial(_matches, filters), state)]
    cells = cells_of({state["endpoint_id"]: state["shown_at"] for state in matching}, time.time())
    # One may have been removed between the two queries.
    return [
        from_columns(lambda columns: row(columns, cells[columns["endpoint_id"]]), state)
        for state in matching
        if state["endpoint_id"] in cells
    ]


def _matches(filters: Filters, state: dict[str, Any]) -> bool:
    """Whether the model and the text asked for are there. Only then are the facts read."""
    names = [model["name"].lower() for model in state["facts"].get("models", ())]
    wanted, part = filters.model.lower(), filters.q.lower()
    if wanted and not any(wanted in (name, name.partition(":")[0]) for name in names):
        return False
    host = netloc(state["endpoint__url"]).lower()
    return part in state["endpoint__name"].lower() or part in host or any(part in name for name in names)


def _groups(rows: Iterable[Row]) -> list[Group]:
    """Trouble in a group of its own, most urgent first; then each team by name."""
    trouble: list[Row] = []
    teams: dict[str, list[Row]] = {}
    for each in rows:
        (trouble if each.status in NEEDS_ATTENTION else teams.setdefault(each.team, [])).append(each)
    groups = [Group("Needs attention", trouble)] if trouble else []
    for name in sorted(teams, key=str.lower):
        groups.append(Group(name, sorted(teams[name], key=lambda each: each.name.lower()), teams[name][0].team_slug))
    return groups
