"""What can be done to many endpoints at once, each in a transaction of its own, and how it is undone."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.dateparse import parse_datetime

from core.fence import NOT_THE_ITEMS_FAULT
from teams.access import teams_of
from teams.models import Role

from ..models import Endpoint, MaintenanceWindow, Silence
from ..muting import actions as muting
from . import throttle
from .actions import change, probe_now, remove
from .move import move
from .pausing import pause, resume

log = logging.getLogger(__name__)

UNDO_WITHIN = 600
"""Seconds."""

MOST = 1000
"""Endpoints of one action."""


@dataclass(frozen=True, slots=True)
class Action:
    """What a person has done to many endpoints.

    `do` takes an endpoint, the person and the values of the form; what it returns (JSON) `undo` takes with the endpoint
    and the person; None: there is nothing to undo. `left_out` says why an endpoint is left out, or "".
    """

    name: str
    label: str  # on the button: "Pause"
    done: str  # "paused"
    effect: str  # what will happen, in a sentence
    do: Callable[[Endpoint, User, dict[str, Any]], Any]
    undo: Callable[[Endpoint, User, Any], object] | None = None
    left_out: Callable[[Endpoint], str] = lambda endpoint: ""

    @property
    def can_be_undone(self) -> bool:
        return self.undo is not None


@dataclass(slots=True)
class Outcome:
    """What became of each endpoint."""

    done: list[Endpoint] = field(default_factory=list)
    kept: list[list[Any]] = field(default_factory=list)  # [primary key, what undoes it]
    failed: list[tuple[Endpoint, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Undoable:
    """What a person did last, while it can be undone."""

    action: str
    words: str  # "12 paused"
    until: float  # unix seconds
    rows: list[list[Any]]


def allowed(user: User, endpoints: Iterable[Endpoint]) -> tuple[list[Endpoint], list[Endpoint]]:
    """The endpoints that the person may act on, and the others."""
    mine = set(teams_of(user, Role.OPERATOR).values_list("pk", flat=True))
    split: tuple[list[Endpoint], list[Endpoint]] = ([], [])
    for endpoint in endpoints:
        split[endpoint.team_id not in mine].append(endpoint)
    return split


def carry_out(action: Action, endpoints: Iterable[Endpoint], user: User, values: dict[str, Any]) -> Outcome:
    """Does it to each endpoint; one that fails fails alone. What can be undone is kept for UNDO_WITHIN."""
    outcome = Outcome()
    for endpoint in endpoints:
        kept = _each(outcome, endpoint, lambda one: action.do(one, user, values))
        if kept is not None:
            outcome.kept.append([endpoint.pk, kept])
    if action.undo and outcome.kept:
        words = f"{len(outcome.done)} {action.done}"
        cache.set(_key(user), [action.name, words, time.time() + UNDO_WITHIN, outcome.kept], UNDO_WITHIN)
    return outcome


def undoable(user: User) -> Undoable | None:
    """What the person can undo now."""
    found = cache.get(_key(user))
    return Undoable(*found) if found and found[2] > time.time() else None


def undo(user: User) -> Outcome | None:
    """Undoes what the person did last, where they still may; None when it is too late, or was done already."""
    last = undoable(user)
    if last is None or not cache.delete(_key(user)):
        return None
    take_back, outcome = ACTIONS[last.action].undo, Outcome()
    assert take_back is not None
    kept = dict(last.rows)
    rows = Endpoint.objects.filter(pk__in=kept).select_related("team", "state")
    mine, others = allowed(user, rows)
    for endpoint in mine:
        _each(outcome, endpoint, lambda one: take_back(one, user, kept[one.pk]))
    outcome.failed += [(endpoint, "You are no operator of its team.") for endpoint in others]
    return outcome


def _each(outcome: Outcome, endpoint: Endpoint, work: Callable[[Endpoint], Any]) -> Any:
    try:
        with transaction.atomic():
            result = work(endpoint)
    except ValidationError as error:
        outcome.failed.append((endpoint, error.messages[0]))
    except NOT_THE_ITEMS_FAULT:
        raise
    except Exception:
        log.exception("%s could not be changed with others; they go on.", endpoint)
        outcome.failed.append((endpoint, "It could not be done; the log of Plimsoll says why."))
    else:
        outcome.done.append(endpoint)
        return result
    return None


def _key(user: User) -> str:
    return f"undo:{user.pk}"


def _pause(endpoint: Endpoint, user: User, values: dict[str, Any]) -> bool:
    pause(endpoint, user, values.get("until"))
    return True


def _resume(endpoint: Endpoint, user: User, values: dict[str, Any]) -> dict[str, Any]:
    until = endpoint.paused_until
    resume(endpoint)
    return {"by": endpoint.paused_by_id, "until": until and until.isoformat()}


def _pause_again(endpoint: Endpoint, user: User, kept: dict[str, Any]) -> None:
    until = parse_datetime(kept["until"]) if kept["until"] else None
    pause(endpoint, User.objects.filter(pk=kept["by"]).first(), until)


def _silence(endpoint: Endpoint, user: User, values: dict[str, Any]) -> dict[str, Any]:
    running = Silence.objects.filter(endpoint=endpoint, ends_at__gt=datetime.now(UTC)).order_by("ends_at").last()
    ends_at, reason = values["until"], values["reason"]
    made = muting.silence(endpoint.team, user, ends_at=ends_at, endpoint=endpoint, reason=reason)
    return {"silence": made.pk, "until": running and running.ends_at.isoformat()}


def _end_silence(endpoint: Endpoint, user: User, kept: dict[str, Any]) -> None:
    silence = Silence.objects.select_related("team", "endpoint").filter(pk=kept["silence"], endpoint=endpoint).first()
    until = parse_datetime(kept["until"]) if kept["until"] else None
    if silence and until and until > datetime.now(UTC):
        muting.silence(endpoint.team, user, ends_at=until, endpoint=endpoint)
    elif silence:
        muting.end_silence(silence, user)


def _plan(endpoint: Endpoint, user: User, values: dict[str, Any]) -> int | None:
    there = set(MaintenanceWindow.objects.filter(endpoint=endpoint).values_list("pk", flat=True))
    made = muting.plan(endpoint.team, user, **values, endpoint=endpoint)
    return None if made.pk in there else made.pk


def _unplan(endpoint: Endpoint, user: User, kept: int) -> None:
    window = MaintenanceWindow.objects.select_related("team", "endpoint").filter(pk=kept, endpoint=endpoint).first()
    if window:
        muting.remove_maintenance(window, user)


def _probe(endpoint: Endpoint, user: User, values: dict[str, Any]) -> None:
    if not throttle.allowed(user.pk):
        raise ValidationError(throttle.REFUSED)
    probe_now(endpoint)


def _tag(endpoint: Endpoint, user: User, values: dict[str, Any]) -> list[list[str]]:
    return _with_tags(endpoint, [*endpoint.tags, *(tag for tag in values["tags"] if tag not in endpoint.tags)])


def _untag(endpoint: Endpoint, user: User, values: dict[str, Any]) -> list[list[str]]:
    return _with_tags(endpoint, [tag for tag in endpoint.tags if tag not in values["tags"]])


def _with_tags(endpoint: Endpoint, tags: list[str]) -> list[list[str]]:
    before = endpoint.tags
    change(endpoint, tags=tags)
    return [before, tags]


def _tags_before(endpoint: Endpoint, user: User, kept: list[list[str]]) -> None:
    before, after = kept
    if endpoint.tags != after:
        raise ValidationError("Its tags were changed since.")
    change(endpoint, tags=before)


def _move(endpoint: Endpoint, user: User, values: dict[str, Any]) -> int:
    before = endpoint.team_id
    move(endpoint, values["team"])
    return before


def _move_back(endpoint: Endpoint, user: User, kept: int) -> None:
    team = teams_of(user, Role.OPERATOR).filter(pk=kept).first()
    if team is None:
        raise ValidationError("You are no operator of the team that it was of.")
    move(endpoint, team)


def _is_paused(endpoint: Endpoint) -> str:
    return "It is paused." if endpoint.paused else ""


def _is_not_paused(endpoint: Endpoint) -> str:
    return "" if endpoint.paused else "It is not paused."


ACTIONS = {
    action.name: action
    for action in (
        Action("silence", "Silence", "silenced", "Nobody is notified about them meanwhile.", _silence, _end_silence),
        Action(
            "maintenance", "Plan maintenance", "planned for maintenance",
            "Nobody is notified then, and the time does not count for availability.", _plan, _unplan,
        ),
        Action(
            "pause", "Pause", "paused",
            "They are not probed meanwhile. Open incidents end: who was alerted of them gets a mail that says so.",
            _pause, lambda endpoint, user, kept: resume(endpoint), _is_paused,
        ),
        Action("resume", "Resume", "resumed", "They are probed again.", _resume, _pause_again, _is_not_paused),
        Action("probe", "Probe now", "due at once", "They are probed within seconds.", _probe, left_out=_is_paused),
        Action("tag", "Add tags", "tagged", "Tags that they have stay.", _tag, _tags_before),
        Action("untag", "Remove tags", "without the tags", "Their other tags stay.", _untag, _tags_before),
        Action(
            "move", "Move to another team", "moved",
            "Their history, incidents, silences and maintenance go along; alerts go to the other team from then on.",
            _move, _move_back,
        ),
        Action(
            "remove", "Remove", "removed", "Their history and incidents are deleted. This can't be undone.",
            lambda endpoint, user, values: remove(endpoint),
        ),
    )
}  # fmt: skip
"""By name, in the order of the menu."""
