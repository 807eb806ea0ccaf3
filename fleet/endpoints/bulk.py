"""What can be done to many endpoints at once, and how it is undone."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.dateparse import parse_datetime

from core.fence import NOT_THE_ITEMS_FAULT
from teams.access import teams_of
from teams.models import Role

from ..models import Endpoint
from . import bulk_muting, throttle
from .actions import probe_now, remove, set_tags
from .bulk_muting import alike
from .move import move
from .pausing import pause_each, resume_each

log = logging.getLogger(__name__)

UNDO_WITHIN = 600
"""Seconds."""

MOST = 1000
"""Endpoints of one action."""

Kept = dict[int, Any]
"""Primary key -> what undoes it (JSON), None where there is nothing to undo, or a Refusal."""


class Refusal(str):
    """Why one endpoint is not done, although the others are."""


@dataclass(frozen=True, slots=True)
class Action:
    """What a person has done to many endpoints.

    `do` takes endpoints, the person and the values of the form, and does it to all or raises; `undo` takes endpoints,
    the person, and what `do` returned for them. `left_out` says why an endpoint is left out, or "".
    """

    name: str
    label: str  # on the button: "Pause"
    done: str  # "paused", "moved to {team}": with values of the form
    effect: str  # what will happen, in a sentence
    do: Callable[[list[Endpoint], User, dict[str, Any]], Kept]
    undo: Callable[[list[Endpoint], User, Kept], Kept | None] | None = None
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


def split(
    user: User, endpoints: Iterable[Endpoint], left_out_for: Callable[[Endpoint], str] = lambda endpoint: ""
) -> tuple[list[Endpoint], list[tuple[Endpoint, str]]]:
    """The endpoints on which the person may act, and those left out, each with the reason."""
    mine = set(teams_of(user, Role.OPERATOR).values_list("pk", flat=True))
    will: list[Endpoint] = []
    left_out: list[tuple[Endpoint, str]] = []
    for endpoint in endpoints:
        why = left_out_for(endpoint) if endpoint.team_id in mine else f"You are no operator of {endpoint.team}."
        if why:
            left_out.append((endpoint, why))
        else:
            will.append(endpoint)
    return will, left_out


def carry_out(action: Action, endpoints: Iterable[Endpoint], user: User, values: dict[str, Any]) -> Outcome:
    """Does it to the endpoints; one that fails fails alone. What can be undone is kept for
    UNDO_WITHIN, in place of what the person did before.
    """
    outcome = Outcome()
    _together(outcome, list(endpoints), lambda some: action.do(some, user, values))
    if action.undo and outcome.kept:
        named = {**values, "tags": ", ".join(values.get("tags", ()))}
        words = f"{len(outcome.done)} {action.done.format(**named)}"
        cache.set(_key(user), [action.name, words, time.time() + UNDO_WITHIN, outcome.kept], UNDO_WITHIN)
    return outcome


def undoable(user: User) -> Undoable | None:
    """What the person can undo now."""
    found = cache.get(_key(user))
    return Undoable(*found) if found and found[2] > time.time() else None


def keep(user: User) -> None:
    """What the person did last stays: it can't be undone any more."""
    cache.delete(_key(user))


def undo(user: User, until: str) -> Outcome | None:
    """Undoes what the person did last, where they still may.

    `until` is that of the Undoable that they saw, as a string. None when that is over, was done already, or another one
    took its place: a page that stayed open offers an older one.
    """
    last = undoable(user)
    if last is None or str(last.until) != until or not cache.delete(_key(user)):
        return None
    take_back, outcome = ACTIONS[last.action].undo, Outcome()
    assert take_back is not None
    kept = dict(last.rows)
    rows = Endpoint.objects.filter(pk__in=kept).select_related("team", "state")
    mine, others = split(user, rows)
    _together(outcome, mine, lambda some: take_back(some, user, kept))
    outcome.failed += others
    return outcome


def _together(outcome: Outcome, endpoints: list[Endpoint], work: Callable[[list[Endpoint]], Kept | None]) -> None:
    """Does them in one transaction. Where one fails, each half gets one of its own, until that one is alone."""
    try:
        with transaction.atomic():
            kept = work(endpoints) or {}
    except NOT_THE_ITEMS_FAULT:
        raise
    except Exception as error:
        if len(endpoints) > 1:
            half = len(endpoints) // 2
            _together(outcome, endpoints[:half], work)
            _together(outcome, endpoints[half:], work)
        elif isinstance(error, ValidationError):
            outcome.failed.append((endpoints[0], error.messages[0]))
        else:
            log.exception("%s could not be changed with others; they go on.", endpoints[0])
            outcome.failed.append((endpoints[0], "It could not be done; the log of Plimsoll says why."))
        return
    for endpoint in endpoints:
        if isinstance(result := kept.get(endpoint.pk), Refusal):
            outcome.failed.append((endpoint, result))
            continue
        outcome.done.append(endpoint)
        if result is not None:
            outcome.kept.append([endpoint.pk, result])


def _key(user: User) -> str:
    return f"undo:{user.pk}"


def _pause(endpoints: list[Endpoint], user: User, values: dict[str, Any]) -> Kept:
    pause_each(endpoints, user, values.get("until"))
    return {each.pk: True for each in endpoints}


def _resume(endpoints: list[Endpoint], user: User, values: dict[Any, Any]) -> Kept:
    resume_each(endpoints)
    before = ((each, each.paused_until) for each in endpoints)
    return {each.pk: {"by": each.paused_by_id, "until": until and until.isoformat()} for each, until in before}


def _pause_again(endpoints: list[Endpoint], user: User, kept: Kept) -> None:
    people = User.objects.in_bulk({kept[each.pk]["by"] for each in endpoints})
    for (by, until), some in alike(endpoints, lambda one: (kept[one.pk]["by"], kept[one.pk]["until"])).items():
        pause_each(some, people.get(by), parse_datetime(until) if until else None)


def _probe(endpoints: list[Endpoint], user: User, values: dict[str, Any]) -> Kept:
    refused = {each.pk: Refusal(throttle.REFUSED) for each in endpoints if not throttle.allowed(user.pk)}
    probe_now(*(each for each in endpoints if each.pk not in refused))
    return refused


def _tag(endpoints: list[Endpoint], user: User, values: dict[str, Any]) -> Kept:
    return _with_tags({each: list(dict.fromkeys([*each.tags, *values["tags"]])) for each in endpoints})


def _untag(endpoints: list[Endpoint], user: User, values: dict[str, Any]) -> Kept:
    return _with_tags({each: [tag for tag in each.tags if tag not in values["tags"]] for each in endpoints})


def _with_tags(tags: dict[Endpoint, list[str]]) -> Kept:
    set_tags(tags.items())
    return {endpoint.pk: [endpoint.tags, after] for endpoint, after in tags.items()}


def _tags_before(endpoints: list[Endpoint], user: User, kept: Kept) -> None:
    if any(each.tags != kept[each.pk][1] for each in endpoints):
        raise ValidationError("Its tags were changed since.")
    set_tags((each, kept[each.pk][0]) for each in endpoints)


def _move(endpoints: list[Endpoint], user: User, values: dict[str, Any]) -> Kept:
    move(endpoints, values["team"])
    return {each.pk: each.team_id for each in endpoints}


def _move_back(endpoints: list[Endpoint], user: User, kept: Kept) -> None:
    teams = teams_of(user, Role.OPERATOR).in_bulk({kept[each.pk] for each in endpoints})
    for pk, some in sorted(alike(endpoints, lambda one: kept[one.pk]).items()):
        if pk not in teams:
            raise ValidationError("You are no operator of the team that it was of.")
        move(some, teams[pk])


def _remove(endpoints: list[Endpoint], user: User, values: dict[str, Any]) -> Kept:
    remove(*endpoints)
    return {}


def _is_paused(endpoint: Endpoint) -> str:
    return "It is paused." if endpoint.paused else ""


def _is_not_paused(endpoint: Endpoint) -> str:
    return "" if endpoint.paused else "It is not paused."


ACTIONS = {
    action.name: action
    for action in (
        Action(
            "acknowledge", "Acknowledge", "acknowledged",
            "Reminders of their open incidents stop. The recovery mails still come, "
            "after a silence or maintenance that is on.",
            bulk_muting.acknowledge, bulk_muting.unacknowledge, bulk_muting.not_to_acknowledge,
        ),
        Action(
            "silence", "Silence", "silenced", "Nobody is notified about them meanwhile.",
            bulk_muting.silence, bulk_muting.end_silence,
        ),
        Action(
            "maintenance", "Plan maintenance", "planned for maintenance",
            "Nobody is notified then, and the time does not count for availability.",
            bulk_muting.plan, bulk_muting.unplan,
        ),
        Action(
            "pause", "Pause", "paused",
            "They are not probed meanwhile. Open incidents end: who was alerted of them gets a mail that says so.",
            _pause, _resume, _is_paused,
        ),
        Action("resume", "Resume", "resumed", "They are probed again.", _resume, _pause_again, _is_not_paused),
        Action("probe", "Probe now", "due at once", "They are probed within seconds.", _probe, left_out=_is_paused),
        Action("tag", "Add tags", "tagged {tags}", "Tags that they have stay.", _tag, _tags_before),
        Action("untag", "Remove tags", "no longer tagged {tags}", "Their other tags stay.", _untag, _tags_before),
        Action(
            "move", "Move to another team", "moved to {team}",
            "Their history, incidents, silences and maintenance go along; alerts go to the other team from then on.",
            _move, _move_back,
        ),
        Action(
            "remove", "Remove", "removed", "Their history and incidents are deleted. This can't be undone.",
            _remove,
        ),
    )
}  # fmt: skip
"""By name, in the order of the menu."""
