"""What is done with decisions: recorded, edited while open, moved, superseded, reviewed."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from fleet.models import Endpoint
from teams import audit
from teams.models import Team

from ..catalogue.values import Catalogue
from ..models import Decision, DecisionEvent, FrozenBody
from ..models.decision import MOVES, Status
from ..recommendation import recommend
from ..recommendation.answers import as_plain
from ..recommendation.values import Answers
from ..result.result import Result
from . import as_markdown, frozen_advice


class Stale(Exception):
    """Someone changed the decision meanwhile; `now` is how it stands."""

    def __init__(self, now: Decision) -> None:
        super().__init__("Someone changed this decision meanwhile.")
        self.now = now


class NotAllowed(Exception):
    """A move that the statuses do not know, in a sentence for people."""


MOST = 1000
"""Decisions of one team."""


class UsedUp(NotAllowed):
    """The form's key belongs to a decision of another team."""


def record(
    user: User,
    key: UUID,
    team: Team,
    answers: Answers,
    catalogue: Catalogue,
    *,
    body: dict[str, Any],
    endpoints: Iterable[Endpoint] = (),
    supersedes: Decision | None = None,
    status: str = Status.DRAFT,
) -> Decision:
    """The decision of this form (`key`); a form that is posted twice makes one. `body` has the columns that people
    write; answers and advice are frozen from today's catalogue. Raises NotAllowed for a status it can't start with,
    and for one decision more than MOST.
    """
    _of_one_team(supersedes, team.pk)
    start = {"team": team, "created_by": user, "supersedes": supersedes, "due_on": body.get("review_by")}
    columns = start | _basis(answers, catalogue) | body
    with transaction.atomic():
        decision, made = Decision.objects.get_or_create(key=key, defaults=columns)
        if not made:
            if decision.team_id != team.pk:  # somebody else's key
                raise UsedUp("This form was used up. Press the button once more.")
            return decision
        if Decision.objects.filter(team=team).count() > MOST:
            raise NotAllowed(f"The limit of {MOST} decisions of {team} is reached. Change one that is still a draft.")
        decision.endpoints.set(endpoints)
        _log(decision, user, "Recorded as a draft.", Status.DRAFT)
        _record("recorded", decision, user)
        if status != Status.DRAFT:
            _move(decision, user, status)
    return decision


def edit(user: User, decision: Decision, version: int, body: dict[str, Any], endpoints: Iterable[Endpoint]) -> Decision:
    """Writes another body over `version`, the one the form showed. Raises Stale, or FrozenBody for a taken decision.

    The same body again changes nothing, so a form that is sent twice is not stale to itself.
    """

    def write(locked: Decision) -> None:
        same = all(getattr(locked, name) == value for name, value in body.items())
        if same and set(endpoints) == set(locked.endpoints.all()):
            return
        if not locked.is_open:
            raise FrozenBody("all of it")
        _must_be(locked, version)
        moved = sorted(name for name, value in body.items() if getattr(locked, name) != value)
        for name, value in body.items():
            setattr(locked, name, value)
        locked.due_on = locked.review_by
        locked.version += 1
        locked.save()
        locked.endpoints.set(endpoints)
        _log(locked, user, "Edited.")
        _record("edited", locked, user, {"changed": moved or ["endpoints"]})

    return _locked(decision, write)


def move(user: User, decision: Decision, version: int, status: str) -> Decision:
    """Moves the status, and a decision that is superseded by this with it. Raises Stale or NotAllowed."""

    def write(locked: Decision) -> None:
        if locked.status == status:
            return
        _must_be(locked, version)
        _move(locked, user, status)

    return _locked(decision, write)


def reviewed(user: User, decision: Decision, version: int, next_on: date, note: str = "") -> Decision:
    """It still holds: the next review is on `next_on`. Raises Stale or NotAllowed."""

    def write(locked: Decision) -> None:
        if locked.status != Status.ACCEPTED:
            raise NotAllowed(f"Only an accepted decision is reviewed; this one is {locked.status}.")
        if next_on <= timezone.localdate():
            raise NotAllowed("Choose a day after today for the next review.")
        if locked.due_on == next_on:
            return
        _must_be(locked, version)
        locked.due_on = next_on
        locked.version += 1
        locked.save(update_fields=["due_on", "version"])
        _log(locked, user, f"Reviewed: it still holds. Next review by {next_on}. {note}".strip())
        _record("reviewed", locked, user, {"next review": next_on.isoformat()})

    return _locked(decision, write)


def export_archive(rows: QuerySet[Decision]) -> bytes:
    """These decisions as a zip of Markdown files. What leaves the house is in the audit trail of each team."""
    found = list(rows.select_related("team").prefetch_related("endpoints__state"))
    packed = as_markdown.archive(found)
    for team in {decision.team for decision in found}:
        count = sum(decision.team_id == team.pk for decision in found)
        audit.record("decision.exported", team=team, detail={"decisions": count})
    return packed


def _basis(answers: Answers, catalogue: Catalogue) -> dict[str, Any]:
    """The columns that keep what the decision rests on, as it is today."""
    advice = recommend(answers, catalogue, changes=False)
    return {
        "answers": as_plain(answers),
        "recommendation": frozen_advice.freeze(Result(answers, advice, catalogue, timezone.localdate())),
        "catalogue_version": advice.catalogue_version,
    }


def _locked(decision: Decision, write: Callable[[Decision], None]) -> Decision:
    with transaction.atomic():
        locked = Decision.objects.select_for_update().get(pk=decision.pk)
        write(locked)
    return locked


def _must_be(decision: Decision, version: int) -> None:
    if decision.version != version:
        raise Stale(decision)


def _move(decision: Decision, user: User, status: str) -> None:
    if status not in MOVES[decision.status] or status == Status.SUPERSEDED:
        raise NotAllowed(f"A decision that is {decision.status} can't become {status or 'that'}.")
    _set_status(decision, user, status)
    if status == Status.ACCEPTED and decision.supersedes_id:
        old = Decision.objects.select_for_update().get(pk=decision.supersedes_id)
        _of_one_team(old, decision.team_id)
        if Status.SUPERSEDED not in MOVES[old.status]:
            raise NotAllowed(f"It would supersede “{old.title}”, but that one is {old.status}.")
        old.superseded_by = decision
        _set_status(old, user, Status.SUPERSEDED, f"Superseded by “{decision.title}” (number {decision.pk}).")


def _of_one_team(old: Decision | None, team_pk: int) -> None:
    if old is not None and old.team_id != team_pk:
        raise NotAllowed(
            "It would supersede a decision of another team. Only the team that took a decision replaces it."
        )


def _set_status(decision: Decision, user: User, status: str, text: str = "") -> None:
    _record("moved", decision, user, {"status": {"from": str(decision.status), "to": str(status)}})
    decision.status = status
    decision.version += 1
    decision.save(update_fields=["status", "version", "superseded_by"])
    _log(decision, user, text or f"Moved to {status}.", status)
    if status != Status.ACCEPTED:
        decision.evidence.filter(until=None).update(until=timezone.now())


def _record(done: str, decision: Decision, user: User, detail: dict[str, Any] | None = None) -> None:
    audit.record(f"decision.{done}", team=decision.team, what=decision, detail=detail, actor=user)


def _log(decision: Decision, user: User, text: str, status: str = "") -> None:
    DecisionEvent.objects.create(decision=decision, by=user, text=text[:600], status=status)
