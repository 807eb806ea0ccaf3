"""Decisions as the log and their pages show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

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
from ..evidence.judge import ENGINES
from ..guide import render
from ..models import Decision, DecisionEvent, DecisionEvidence
from ..models.decision import MOVES, Choice, Status
from ..recommendation.answers import clean, to_query
from ..result.compute import result
from . import evidence

PER_PAGE = 25
SECTIONS = (
    ("Why", "rationale"),
    ("Context", "context"),
    ("Consequences", "consequences"),
    ("Review earlier when", "revisit_when"),
)


REVIEWS = [("due", "Review due"), ("moved", "Facts have moved")]
EVIDENCE = [("contradicted", "Contradicted"), ("strained", "Strained"), ("holds", "Holds"), ("missing", "Not enough")]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the log is narrowed to; empty means all."""

    status: str = ""
    team: str = ""  # slug
    engine: str = ""  # a Choice
    review: str = ""  # "due", "moved"
    evidence: str = ""  # a key of evidence.WANTED
    as_of: date | None = None  # shows what was in force, and what was known, when that day ended

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """What an address asks for."""
        return cls(
            query.get("status", ""),
            query.get("team", ""),
            query.get("engine", ""),
            query.get("review", ""),
            query.get("evidence", ""),
            evidence.day_of(query.get("as_of", "")),
        )

    @property
    def any(self) -> bool:
        return bool(self.status or self.team or self.engine or self.review or self.evidence or self.as_of)


@dataclass(frozen=True, slots=True)
class Entry:
    decision: Decision
    status: str
    evidence: DecisionEvidence | None
    review_due: bool
    moved_facts: int

    @property
    def has_review(self) -> bool:
        """Whether the date of its review counts, or will once it is accepted."""
        return self.decision.is_open or self.decision.status == Status.ACCEPTED


@dataclass(frozen=True, slots=True)
class Whole:
    """One decision with everything its page shows."""

    decision: Decision
    as_of: date | None  # None: as it stands now
    status: str  # "not recorded yet" before its first day
    evidence: DecisionEvidence | None
    past: list[DecisionEvidence]  # the evidence before, the newest first
    not_judged: str  # why there is none, if it is in force
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
    page.object_list = [_entry(row, filters.as_of, today, current) for row in page]
    return page


def _entry(row: Any, as_of: date | None, today: date, current: Catalogue) -> Entry:
    known = row.known[0] if row.known else None
    if as_of:  # reviews and facts are known as they are now only
        return Entry(row, row.then, known, review_due=False, moved_facts=0)
    return Entry(row, row.status, known, is_due(row, today), _moved(row, current))


def _filtered(user: User, filters: Filters, today: date, current: Catalogue) -> QuerySet[Decision]:
    rows = evidence.with_evidence(decisions_of(user), filters.as_of)
    if filters.as_of:
        status = filters.status if filters.status in Status.values else Status.ACCEPTED
        rows = evidence.with_status_on(rows, filters.as_of, status)
    elif filters.status in Status.values:
        rows = rows.filter(status=filters.status)
    if filters.evidence in evidence.WANTED:
        in_force = rows if filters.as_of else rows.filter(status=Status.ACCEPTED)
        rows = evidence.narrowed(in_force, filters.evidence, filters.as_of)
    if filters.team:
        rows = rows.filter(team__slug=filters.team)
    if filters.engine in Choice.values:
        rows = rows.filter(choice=filters.engine)
    if filters.as_of:
        return rows
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


def whole(decision: Decision, as_of: date | None = None) -> Whole:
    """The decision as it stands, or as it stood and as far as it was known when a day ended."""
    rows, events = evidence.evidence_on(decision, as_of), evidence.events_on(decision, as_of)
    status = decision.status
    if as_of:
        status = next((event.status for event in reversed(events) if event.status), "not recorded yet")
    known = next((row for row in rows if row.until is None or (as_of and row.until >= evidence.end_of(as_of))), None)
    in_force = not as_of and (decision.is_open or status == Status.ACCEPTED)
    judged = decision.choice in ENGINES
    return Whole(
        decision=decision,
        as_of=as_of,
        status=status,
        evidence=known,
        past=[row for row in rows if row is not known],
        not_judged="" if known else evidence.NOT_JUDGED_YET if judged else evidence.NOT_JUDGED,
        review_due=not as_of and is_due(decision, timezone.localdate()),
        sections=[(title, _html(getattr(decision, name))) for title, name in SECTIONS if getattr(decision, name)],
        why_not=_html(decision.why_not),
        confirmation=_html(decision.confirmation),
        moved=frozen_advice.moved_facts(decision.answers, decision.recommendation, catalogues.load())
        if in_force
        else [],
        endpoints=list(decision.endpoints.select_related("team", "state")),
        events=events,
        moves=() if as_of else tuple(status for status in MOVES[decision.status] if status != Status.SUPERSEDED),
        drafts=[] if as_of else list(decision.successors.filter(status__in=(Status.DRAFT, Status.PROPOSED))),
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
