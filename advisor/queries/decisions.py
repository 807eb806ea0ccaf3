"""Decisions as the log and their pages show them."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from fleet.models import Endpoint

from .. import catalogue as catalogues
from ..access import decisions_of
from ..catalogue.values import Catalogue
from ..decisions import frozen_advice
from ..guide import render
from ..models import Decision, DecisionEvent
from ..models.decision import MOVES, Choice, Status
from ..recommendation.answers import clean, to_query
from ..result.compute import result

PER_PAGE = 25
SECTIONS = (
    ("Why", "rationale"),
    ("Context", "context"),
    ("Consequences", "consequences"),
    ("Review earlier when", "revisit_when"),
)


REVIEWS = [("due", "Review due"), ("moved", "Facts have moved")]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the log is narrowed to; empty means all."""

    status: str = ""
    team: str = ""  # slug
    engine: str = ""  # a Choice
    review: str = ""  # "due", "moved"

    @property
    def any(self) -> bool:
        return bool(self.status or self.team or self.engine or self.review)


@dataclass(frozen=True, slots=True)
class Entry:
    decision: Decision
    review_due: bool
    moved_facts: int


@dataclass(frozen=True, slots=True)
class Whole:
    """One decision with everything its page shows."""

    decision: Decision
    review_due: bool
    sections: list[tuple[str, SafeString]]  # heading, HTML of what people wrote
    why_not: SafeString
    confirmation: SafeString
    moved: list[dict[str, str]]
    endpoints: list[Endpoint]
    events: list[DecisionEvent]
    moves: tuple[Status, ...]
    drafts: list[Decision]  # that would supersede it


@dataclass(frozen=True, slots=True)
class Again:
    """The frozen answers on today's catalogue."""

    decision: Decision
    now: dict[str, Any]
    differences: list[dict[str, str]]
    moved: list[dict[str, str]]
    ignored: list[str]  # answers that today's catalogue does not know
    query: str  # opens the form with the frozen answers


def listing(user: User, filters: Filters, number: str | int = 1) -> Page:
    """One page of the log as Entries, the newest decisions first."""
    today, current = timezone.localdate(), catalogues.load()
    page: Page[Any] = Paginator(_filtered(user, filters, today, current), PER_PAGE).get_page(number)
    page.object_list = [Entry(row, is_due(row, today), _moved(row, current)) for row in page]
    return page


def _filtered(user: User, filters: Filters, today: date, current: Catalogue) -> QuerySet[Decision]:
    rows = decisions_of(user)
    if filters.status in Status.values:
        rows = rows.filter(status=filters.status)
    if filters.team:
        rows = rows.filter(team__slug=filters.team)
    if filters.engine in Choice.values:
        rows = rows.filter(choice=filters.engine)
    if filters.review == "due":
        rows = rows.filter(status=Status.ACCEPTED, due_on__lte=today)
    if filters.review == "moved":
        taken = rows.filter(status=Status.ACCEPTED)
        rows = rows.filter(pk__in=[row.pk for row in taken if _moved(row, current)])
    return rows


def is_due(decision: Decision, today: date) -> bool:
    """Whether the team should review it. Only what is in force can be due."""
    return decision.status == Status.ACCEPTED and decision.due_on is not None and decision.due_on <= today


def _moved(decision: Decision, current: Catalogue) -> int:
    if decision.status != Status.ACCEPTED:
        return 0
    try:
        return len(frozen_advice.moved_facts(decision.answers, decision.recommendation, current))
    except (AttributeError, KeyError, TypeError):
        return 0  # what is stored can't be read, “Put off” on the alerts page shows it to its team


def whole(decision: Decision) -> Whole:
    in_force = decision.is_open or decision.status == Status.ACCEPTED
    return Whole(
        decision=decision,
        review_due=is_due(decision, timezone.localdate()),
        sections=[(title, _html(getattr(decision, name))) for title, name in SECTIONS if getattr(decision, name)],
        why_not=_html(decision.why_not),
        confirmation=_html(decision.confirmation),
        moved=frozen_advice.moved_facts(decision.answers, decision.recommendation, catalogues.load())
        if in_force
        else [],
        endpoints=list(decision.endpoints.select_related("team", "state")),
        events=list(decision.events.select_related("by")),
        moves=tuple(status for status in MOVES[decision.status] if status != Status.SUPERSEDED),
        drafts=list(decision.successors.filter(status__in=(Status.DRAFT, Status.PROPOSED))),
    )


def _html(text: str) -> SafeString:
    """What people wrote, as HTML that the guide's renderer has cleaned."""
    return mark_safe(render(text))


def again(decision: Decision) -> Again:
    """What today's catalogue makes of the frozen answers. Changes nothing."""
    current = catalogues.load()
    answers, ignored = clean(decision.answers, current)
    now = frozen_advice.freeze(result(answers, changes=False))
    return Again(
        decision=decision,
        now=now,
        differences=frozen_advice.differences(decision.recommendation, now),
        moved=frozen_advice.moved_facts(decision.answers, decision.recommendation, current),
        ignored=ignored,
        query=to_query(answers),
    )
