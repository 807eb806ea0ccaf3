"""In which order a board lists its endpoints: what needs attention first, or by a column; in groups or not."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, FloatField, Func, IntegerField, Q, TextField, Value, When
from django.db.models.functions import Cast, NullIf, StrIndex, Substr

from core.natural_order import Natural

from ..access import Reader
from ..models import Incident
from ..verdict.status import Status
from .filters import Filters
from .marks import CALMING

NEEDS_ATTENTION = (Status.DOWN, Status.DEGRADED, Status.BUSY)
TROUBLED = Q(status__in=NEEDS_ATTENTION)
KNOWN = Q(marks__has_any_keys=[*CALMING])
"""Trouble that somebody acknowledged, or that is muted."""

CAUSED = Q(parent__isnull=False, parent__resolved_at=None)
"""Incidents that another one causes."""

HOST = Substr("endpoint__url", StrIndex("endpoint__url", Value("://")) + 3)
"""Of an endpoint's address what follows http://, in SQL."""

FIRST_TAG = Func("endpoint__tags", template="%(expressions)s ->> 0", output_field=TextField())
"""Both databases know this operator. Django's transform binds the 0, which PostgreSQL then takes for a key."""

_URGENCY = Case(
    *(When(status=status, then=Value(rank)) for rank, status in enumerate(NEEDS_ATTENTION)),
    default=Value(len(NEEDS_ATTENTION)),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the board, and what to sort by, one after the other; NULL is unknown."""

    name: str
    label: str
    by: tuple[Any, ...] = ()
    highest_first: bool = False
    sort_label: str = ""  # what it sorts by, where that is more than its label


_WORKING = Q(status__in=(Status.UP, Status.BUSY, Status.DEGRADED))
_LOAD = (
    Case(When(_WORKING, then=Cast("callers", FloatField()) / NullIf("judged__line", 0))),
    Case(When(_WORKING, then="callers")),
    Case(When(_WORKING, then="load_share"), When(status=Status.ASLEEP, then=0.0), output_field=FloatField()),
)
"""As cells.load_of has it: callers as a share of the load line, without a line how many there are, and where they can't
be counted how often it works. `judged` is of states.judged."""

COLUMNS = {
    column.name: column
    for column in (
        Column("status", "Status"),
        Column("name", "Endpoint", by=(Natural("endpoint__name"),)),
        Column("engine", "Engine", by=(F("engine"),)),
        Column("models", "Models loaded", by=(NullIf("models_loaded", Value("")),)),
        Column("load", "Load (of its line)", by=_LOAD, highest_first=True, sort_label="load, then callers"),
        Column("latency", "Latency, 1 h", by=(F("latency_ms"),), highest_first=True),
        # What was known of a paused one is not of the last day.
        Column("day", "Last 24 h", by=(Case(When(~Q(status=Status.PAUSED), then="available")),)),
        Column("seen", "Last answer", by=(F("seen_at"),)),
    )
}


def sorted_by(filters: Filters) -> tuple[Column, bool] | None:
    """The column to sort by, and whether from the highest value on; None: by what needs attention."""
    if not filters.sort:
        return None
    column = COLUMNS[filters.sort.removeprefix("-")]
    return column, column.highest_first != filters.sort.startswith("-")


def by_urgency(reader: Reader) -> list[Any]:
    """To order states by: trouble that nobody acknowledged, other trouble, what either of them caused, the rest.

    All trouble of the reader's own teams comes first; for who answers for all teams, only among the same kind. Then the
    worst, then the newest.
    """
    own = _own_first(reader, When(TROUBLED & Q(endpoint__team__in=reader.member_of), then=Value(0)))
    caused = Q(endpoint__in=Incident.objects.open().filter(CAUSED).values("endpoint"))
    kind = Case(
        When(TROUBLED & caused, then=Value(2)),
        When(TROUBLED & KNOWN, then=Value(1)),
        When(TROUBLED, then=Value(0)),
        default=Value(3),
    )
    return [
        *([*own, kind] if reader.puts_own_first else [kind, *own]),
        _URGENCY,
        Case(When(TROUBLED, then=F("since"))).desc(nulls_last=True),
    ]


def _own_first(reader: Reader, own: When) -> list[Any]:
    """Nothing for who is in no team: Django makes of that a number, which PostgreSQL takes for that of a column."""
    return [Case(own, default=Value(1))] if reader.member_of else []


def by_group(reader: Reader, group: str) -> list[Any]:
    """To order states by, so that groups stay together; the reader's own teams first."""
    own = _own_first(reader, When(endpoint__team__in=reader.member_of, then=Value(0)))
    groups: dict[str, list[Any]] = {"team": [*own, Natural("endpoint__team__name")]}
    groups |= {"engine": ["engine"], "host": [Natural(HOST)], "tag": [Natural(FIRST_TAG).asc(nulls_last=True)]}
    return groups.get(group, [])


def order(reader: Reader, filters: Filters) -> list[Any]:
    """To order states, which have `judged`, as the filters ask for."""
    groups, name = by_group(reader, filters.grouped_by), Natural("endpoint__name")
    if (wanted := sorted_by(filters)) is None:
        return [*by_urgency(reader), *groups, name]
    column, descending = wanted
    by = [each.desc(nulls_last=True) if descending else each.asc(nulls_last=True) for each in column.by]
    return [*groups, *by, name]
