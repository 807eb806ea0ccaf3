"""Incidents and their stories."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, F, Q, QuerySet, When
from django.utils.dateparse import parse_datetime

from ..access import reader, visible
from ..alerts import items
from ..engines.registry import label
from ..models import EndpointState, Incident, Trouble
from ..verdict import causes
from ..verdict.status import Status
from .marks import Mark, shown
from .readable import from_state
from .tagged import has_tag, has_tag_with

PER_PAGE = 50
CHILDREN_SHOWN = 20


STATES = [
    ("open", "open"),
    ("unacknowledged", "open, not acknowledged"),
    ("resolved", "resolved"),
    ("acknowledged", "acknowledged"),
]
STATUSES = [(status.value, status.value) for status in (Status.DOWN, Status.DEGRADED)]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the incidents page is narrowed to; empty means all."""

    team: str = ""  # slug
    status: str = ""  # down, degraded
    state: str = ""  # of STATES
    tag: str = ""  # of the endpoint
    q: str = ""  # part of the endpoint's name or of a tag

    @property
    def any(self) -> bool:
        return bool(self.team or self.status or self.state or self.tag or self.q)


@dataclass(frozen=True, slots=True)
class Story:
    """One incident in words."""

    incident: Incident
    cursor: str  # another one as soon as anything else here may be
    trouble: Trouble  # of now, while it is open
    sentence: str
    advice: str  # "" once it is resolved
    seen_at: datetime | None
    seen: str  # "Ollama 0.9.3, qwen3:8b and 2 more"
    marks: list[Mark]
    before: Incident | None  # of the same endpoint, if it ended shortly before
    before_words: str
    cause_now: str  # ", which is down", while the incident that caused it is open; or ": nothing on their host answers"
    children: list[Incident]  # caused by this one
    more_children: int
    others_up: int  # of the team's other endpoints
    others: int


def listing(user: User, filters: Filters, number: str | int = 1) -> Page:
    """One page of (incident, what is wrong or was, its cause in a few words).

    The open ones first, of these the person's own teams', then the newest.
    """
    rows = matching(user, filters)
    open_first = F("resolved_at").desc(nulls_first=True)
    own_first = Case(When(endpoint__team__in=reader(user).member_of, then=0), default=1)
    page: Page[Any] = Paginator(rows.order_by(open_first, own_first, "-opened_at", "-pk"), PER_PAGE).get_page(number)
    page.object_list = in_words(page)
    return page


def matching(user: User, filters: Filters) -> QuerySet[Incident]:
    """The incidents that the person may see and that fit the filters, with endpoint and team."""
    rows = Incident.objects.select_related("endpoint__team", "parent__endpoint")
    rows = visible(user, rows.defer("endpoint__api_key", "parent__endpoint__api_key"), "endpoint__team")
    if filters.team:
        rows = rows.filter(endpoint__team__slug=filters.team)
    if filters.status:
        rows = rows.filter(status=filters.status)
    if filters.state in ("open", "resolved"):
        rows = rows.filter(resolved_at__isnull=filters.state == "open")
    elif filters.state == "unacknowledged":
        rows = rows.filter(resolved_at=None).exclude(
            pk__in=Incident.objects.acknowledged(datetime.now(UTC)).values("pk")
        )
    elif filters.state == "acknowledged":
        current = Q(pk__in=Incident.objects.acknowledged(datetime.now(UTC)).values("pk"))
        rows = rows.filter(current | Q(resolved_at__isnull=False, acknowledged_at__isnull=False))
    if filters.tag:
        rows = rows.filter(has_tag(filters.tag))
    if filters.q:
        rows = rows.filter(Q(endpoint__name__icontains=filters.q) | has_tag_with(filters.q))
    return rows


def in_words(incidents: Iterable[Incident]) -> list[tuple[Incident, Trouble, str]]:
    """Each with what is wrong, of now while it is open, and that in a few words."""
    rows = list(incidents)
    states = EndpointState.objects.only("status", "cause", "step", "detail", "marks", "probed_at")
    states_of = states.in_bulk([row.endpoint_id for row in rows if row.resolved_at is None])
    for row in rows:
        if row.endpoint_id in states_of:
            row.stands_still(states_of[row.endpoint_id])
    troubles = [row.trouble(states_of[row.endpoint_id]) if row.endpoint_id in states_of else row.worst for row in rows]
    return [(row, trouble, causes.short(trouble.cause)) for row, trouble in zip(rows, troubles, strict=True)]


def cursor(incident: Incident) -> str:
    """A text that is another one as soon as its endpoint was probed or muted, or its timeline or an alert moved."""
    state = EndpointState.objects.values_list("probed_at", "shown_at").get(pk=incident.endpoint_id)
    alerts = incident.alerts.order_by("pk").values_list("pk", "dropped", "message__state", "message__attempts")
    last = incident.events.order_by("pk").values_list("pk").last()
    return f"{zlib.crc32(repr((state, last, list(alerts))).encode()):08x}"


def story(pk: int) -> Story:
    related = ("endpoint__team", "endpoint__state", "parent__endpoint__state")
    incident = Incident.objects.select_related(*related).get(pk=pk)
    incident.stands_still(incident.endpoint.state)
    children = list(incident.children.select_related("endpoint").order_by("pk"))
    try:
        seen_at, seen = _last_seen(incident.last_seen)
    except (AttributeError, TypeError, ValueError):
        seen_at, seen = None, "can't be read"
    if not incident.resolved_at and seen_at:  # a good probe in between does not end it
        seen_at = max(seen_at, incident.endpoint.state.seen_at or seen_at)
    trouble = incident.trouble(incident.endpoint.state)
    others = EndpointState.objects.watched().filter(endpoint__team=incident.endpoint.team_id)
    up = Count("pk", filter=Q(status__in=(Status.UP, Status.BUSY)))
    counts = others.exclude(pk=incident.endpoint_id).aggregate(up=up, all=Count("pk"))
    before = items.before(incident)
    return Story(
        before=before,
        before_words=items.earlier_in_words(before, incident.began_at) if before else "",
        incident=incident,
        cursor=cursor(incident),
        trouble=trouble,
        sentence=f"It was: {causes.short(trouble.cause)}." if incident.resolved_at else causes.sentence(trouble.cause),
        advice="" if incident.resolved_at else causes.advice(trouble.cause),
        seen_at=seen_at,
        seen=seen,
        marks=from_state(lambda state: _marks(incident, state.marks), incident.endpoint.state),
        cause_now=_cause_now(incident),
        children=children[:CHILDREN_SHOWN],
        more_children=max(0, len(children) - CHILDREN_SHOWN),
        others_up=counts["up"],
        others=counts["all"],
    )


def _cause_now(incident: Incident) -> str:
    parent = incident.parent
    if parent is None or parent.resolved_at:
        return ""
    if incident.shares_host:
        return f": {causes.HOST_SILENT}"
    as_it_is = causes.which(parent.endpoint.state.status)
    return f", {as_it_is}" if as_it_is else ""


def _last_seen(seen: dict[str, Any]) -> tuple[datetime | None, str]:
    """When it last answered, and what it was then."""
    models = list(seen.get("models", ()))
    if more := seen.get("more_models"):
        models.append(f"{more} more")
    engine = label(seen["engine"]) if seen.get("engine") else ""
    parts = [" ".join(filter(None, (engine, seen.get("version")))), *models]
    return parse_datetime(seen["at"]) if seen.get("at") else None, ", ".join(filter(None, parts))


def _marks(incident: Incident, now: dict[str, Any]) -> list[Mark]:
    """What holds for it now. Who is on it is shown at length elsewhere on the page."""
    now = {} if incident.resolved_at else now
    kept = {kind: value for kind, value in now.items() if kind != "acknowledged"}
    return shown(kept | ({"flapping": True} if incident.flapping else {}))
