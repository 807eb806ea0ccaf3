"""The state rows as values: each is read once, and what the board, the terminal, the API or the models page shows is
made of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from json import loads
from typing import Any, TypeVar

from django.db.models import F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.functions import Cast

from ..display import formats
from ..engines.errors import Cause
from ..engines.reading import Facts, Load
from ..engines.reading_json import facts_from_json, load_from_json
from ..engines.registry import label
from ..models import EndpointState, Incident
from ..verdict import causes
from .order import CAUSED
from .readable import from_columns

T = TypeVar("T")

_OWN = (
    "endpoint_id", "status", "cause", "step", "detail", "since", "failures", "successes", "probed_at", "seen_at",
    "latency_ms", "engine", "due_at", "waiting_since", "not_probed_since",
)  # fmt: skip
_OTHERS = {
    "name": F("endpoint__name"),
    "url": F("endpoint__url"),
    "pinned_engine": F("endpoint__engine"),
    "verify_tls": F("endpoint__verify_tls"),
    "fail_after": F("endpoint__fail_after"),
    "recover_after": F("endpoint__recover_after"),
    "paused_by": F("endpoint__paused_by__username"),
    "paused_until": F("endpoint__paused_until"),
    "team": F("endpoint__team__name"),
    "team_slug": F("endpoint__team__slug"),
    **{f"{name}_json": Cast(name, TextField()) for name in ("facts", "load", "marks")},
    "tags_json": Cast("endpoint__tags", TextField()),
}
_BOARD = {
    "strip_json": Cast("strip", TextField()),
    "line": F("judged__line"),
    "held_up_by": F("judged__limit"),
    "team_id": F("endpoint__team"),
}


@dataclass(frozen=True, slots=True)
class StateRow:
    """One endpoint and what is held of it now; fields as in Endpoint and EndpointState."""

    endpoint_id: int
    name: str
    url: str
    pinned_engine: str
    verify_tls: bool
    fail_after: int
    recover_after: int
    paused_by: str | None
    paused_until: datetime | None
    team: str  # its name
    team_slug: str
    status: str
    cause: str
    step: str
    detail: str
    since: datetime | None
    failures: int
    successes: int
    probed_at: datetime | None
    seen_at: datetime | None
    latency_ms: float | None
    engine: str
    facts: Facts
    load: Load
    marks: dict[str, Any]
    tags: list[str]
    due_at: int | None  # unix seconds, as the next two
    waiting_since: int | None
    not_probed_since: int | None
    strip: dict[str, Any] | None = None  # None: it was not asked for, as the rest
    caused_by: str | None = None  # the name of the endpoint whose incident caused its own
    cause_status: str | None = None  # of that endpoint, now
    shares_host: bool | None = None  # it did not cause it: nothing on their host answered
    line: int | None = None  # the load line: callers at once
    held_up_by: str | None = None  # the limit that the load verdict names
    team_id: int | None = None

    @property
    def why(self) -> str:
        """What happened, for a row: first of all what it follows from."""
        if self.cause == Cause.NEW and self.failures:
            return ""  # its first probe was made
        cause = causes.brief(self.cause, self.detail)
        as_it_is = causes.which(self.cause_status)
        if not as_it_is:
            return cause
        why = f": {causes.HOST_SILENT}" if self.shares_host else f", {as_it_is}"
        return f"{causes.relation(self.shares_host).capitalize()} {self.caused_by}{why}. {cause}"

    @property
    def short_why(self) -> str:
        """The same in a few words, for a dense row."""
        if not causes.which(self.cause_status):
            return causes.short(self.cause, self.detail)
        return f"{'with' if self.shares_host else 'because of'} {self.caused_by}"

    @property
    def engine_label(self) -> str:
        """Its engine as people write it."""
        return engine_label(self.engine)


def columns(states: QuerySet[EndpointState], *, board: bool = False) -> QuerySet[EndpointState, dict[str, Any]]:
    """The columns of which StateRows are made, with JSON as text: while they are the same, so is what is shown.

    `board`: with the strip, what the load verdict adds, and what the trouble follows from.
    """
    if not board:
        return states.values(*_OWN, **_OTHERS)
    own_team = {"parent__endpoint__team": OuterRef("endpoint__team")}  # all who see the row may read the name
    caused = Incident.objects.open().filter(CAUSED, endpoint=OuterRef("pk"), **own_team)
    rows = states.annotate(judged=judged())
    return rows.values(
        *_OWN, **_OTHERS, **_BOARD,
        caused_by=Subquery(caused.values("parent__endpoint__name")[:1]),
        cause_status=Subquery(caused.values("parent__endpoint__state__status")[:1]),
        shares_host=Subquery(caused.values("shares_host")[:1]),
    )  # fmt: skip


def judged() -> FilteredRelation:
    """The way from a state to the current load verdict, of which there is one at most. Each query needs its own."""
    return FilteredRelation("endpoint__load_verdicts", condition=Q(endpoint__load_verdicts__until=None))


def made(make: Callable[[StateRow], T], row: dict[str, Any]) -> T:
    """What `make` makes of a row of `columns`. Where it can't read the JSON, it gets the same row without it."""

    def typed(plain: dict[str, Any]) -> T:
        facts, load = facts_from_json(plain["facts"]), load_from_json(plain["load"])
        return make(StateRow(**{**plain, "facts": facts, "load": load}))

    return from_columns(
        typed, {k.removesuffix("_json"): loads(v) if k.endswith("_json") else v for k, v in row.items()}
    )


def read(states: QuerySet[EndpointState], make: Callable[[StateRow], T], *, board: bool = False) -> list[T]:
    """What `make` makes of each row, in one query."""
    return [made(make, row) for row in columns(states, board=board)]


def engine_label(name: str) -> str:
    """An engine as people write it."""
    return label(name) if name else formats.UNKNOWN
