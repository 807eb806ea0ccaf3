"""What the fleet says of decisions, as their pages, the board and the commands show it."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.contrib.auth.models import User
from django.db.models import Case, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery, When
from django.utils import timezone
from django.utils.dateparse import parse_date

from core.natural_order import natural_key
from fleet.evidence.thresholds import RULES
from fleet.evidence.verdict import State as Load
from fleet.models import Endpoint, LoadVerdict
from teams.access import teams_of
from teams.models import Team

from ..access import decisions_of
from ..decisions.covered import engine_name
from ..evidence.judge import ENGINES
from ..evidence.values import State
from ..models import Decision, DecisionEvent, DecisionEvidence
from ..models.decision import Status

CARDS = 12
"""On the board, at most."""

FIGURES = 5
"""Endpoints beside the criteria, at most."""

WANTED = {
    "holds": State.HOLDS,
    "strained": State.STRAINED,
    "contradicted": State.CONTRADICTED,
    "missing": State.NOT_ENOUGH,
}
"""Values of the log's filter."""

NOT_JUDGED_YET = "It is judged within an hour of its acceptance."
NOT_JUDGED = "“Something else” is not judged: load verdicts are about Ollama, vLLM and LM Studio."


@dataclass(frozen=True, slots=True)
class Card:
    """One accepted decision in short."""

    decision: Decision
    state: str  # a State, "not judged yet", or "not judged" where that never happens
    sentence: str
    since: datetime | None
    judged_at: datetime | None


@dataclass(frozen=True, slots=True)
class Strip:
    """Accepted decisions, the heaviest evidence first."""

    cards: list[Card]
    more: int  # that are not among them


@dataclass(frozen=True, slots=True)
class Figures:
    """What one endpoint of the team shows, for beside the article's criteria."""

    verdict: LoadVerdict
    engine: str  # its label


def day_of(text: str) -> date | None:
    """The day that an address names ("2026-11-20"); None for anything else, and for days to come."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day and day <= timezone.localdate() else None


def end_of(day: date) -> datetime:
    """The first moment after it, in the installation's time zone."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def known_on(day: date | None) -> Q:
    """Of rows of evidence, the current ones; with `day`, those that were so when it ended."""
    if day is None:
        return Q(until=None)
    end = end_of(day)
    return Q(since__lt=end) & (Q(until=None) | Q(until__gte=end))


def with_evidence(rows: QuerySet[Decision], day: date | None = None) -> QuerySet[Decision]:
    """The decisions with their evidence, now or as known at the end of a day, as a list in `known`."""
    known = DecisionEvidence.objects.filter(known_on(day)).defer("snapshot", "seen")
    return rows.prefetch_related(Prefetch("evidence", known, to_attr="known"))


def with_status_on(rows: QuerySet[Decision], day: date, status: str) -> QuerySet[Decision]:
    """Those that had this status when the day ended; it is in `then` as well."""
    events = DecisionEvent.objects.filter(decision=OuterRef("pk"), at__lt=end_of(day)).exclude(status="")
    last = events.order_by("-at", "-pk").values("status")[:1]
    return rows.annotate(then=Subquery(last)).filter(then=status)


def narrowed(rows: QuerySet[Decision], wanted: str, day: date | None = None) -> QuerySet[Decision]:
    """Of accepted decisions those with this evidence, a key of WANTED; "missing" includes what nobody has judged."""
    known = DecisionEvidence.objects.filter(known_on(day), decision=OuterRef("pk"))
    if wanted == "missing":
        return rows.filter(~Exists(known.exclude(state=State.NOT_ENOUGH)))
    return rows.filter(Exists(known.filter(state=WANTED[wanted])))


def evidence_on(decision: Decision, day: date | None) -> list[DecisionEvidence]:
    """All its rows that began by then, the newest first."""
    rows = decision.evidence.defer("snapshot", "seen")
    return list(rows.filter(since__lt=end_of(day)) if day else rows)


def events_on(decision: Decision, day: date | None) -> list[DecisionEvent]:
    """Its history up to the end of that day, the oldest first."""
    rows = decision.events.select_related("by")
    return list(rows.filter(at__lt=end_of(day)) if day else rows)


def strip(user: User, team: str = "") -> Strip:
    """The accepted decisions of the person's teams, or of the one with the slug `team`."""
    rows = decisions_of(user)
    rows = rows.filter(team__slug=team) if team else rows
    cards = _cards(rows, CARDS + 1)
    more = rows.filter(status=Status.ACCEPTED).count() - CARDS if len(cards) > CARDS else 0
    return Strip(cards[:CARDS], more)


def touched(user: User, endpoint: Endpoint) -> list[Card]:
    """The person's accepted decisions that cover the endpoint."""
    return _cards(decisions_of(user).filter(endpoints=endpoint))


def thresholds(kept: DecisionEvidence) -> list[tuple[str, str]]:
    """The thresholds of a snapshot in words, each with its value and unit."""
    known = {name: (rule.words, rule.unit) for name, rule in RULES.items()}
    stored = kept.snapshot.get("thresholds", {}).items()
    named = ((*known.get(name, (name, "")), value) for name, value in stored)
    return [(words, f"{value} {unit}".strip()) for words, unit, value in named]


def in_force(slug: str = "") -> list[Card]:
    """The accepted decisions of all teams, or of the one with this slug, the heaviest evidence first."""
    rows = Decision.objects.select_related("team")
    return _cards(rows.filter(team__slug=slug) if slug else rows)


def _cards(rows: QuerySet[Decision], most: int | None = None) -> list[Card]:
    current = DecisionEvidence.objects.filter(decision=OuterRef("pk"), until=None).values("state")
    weight = Case(*(When(state_now=state, then=state.weight) for state in State), default=-1)
    accepted = (
        rows.filter(status=Status.ACCEPTED)
        .annotate(state_now=Subquery(current))
        .order_by(-weight, "-decided_on", "-pk")
    )
    return list(map(_card, with_evidence(accepted).defer("recommendation", "answers")[:most]))


def _card(decision: Decision) -> Card:
    known: list[DecisionEvidence] = decision.known  # type: ignore[attr-defined]
    if known:
        return Card(decision, known[0].state, known[0].sentence, known[0].since, known[0].judged_at)
    if decision.choice in ENGINES:
        return Card(decision, "not judged yet", NOT_JUDGED_YET, None, None)
    return Card(decision, "not judged", NOT_JUDGED, None, None)


def own_figures(user: User, team: Team | None = None) -> list[Figures]:
    """The current load verdicts on endpoints of the person's teams (or of `team`), the heaviest first."""
    rows = LoadVerdict.objects.filter(until=None, endpoint__team__in=teams_of(user)).exclude(state=Load.NOT_ENOUGH)
    if team is not None:
        rows = rows.filter(endpoint__team=team)
    rows = rows.select_related("endpoint__state").defer("verdicts", "endpoint__state__strip", "endpoint__state__facts")
    heaviest = sorted(rows, key=lambda row: (-Load(row.state).weight, natural_key(row.endpoint.name)))[:FIGURES]
    return [Figures(row, engine_name(row.endpoint)) for row in heaviest]
