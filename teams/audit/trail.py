"""Writes the audit trail: who did what to what, when and from where."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, NamedTuple

from allauth.core import context
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db.models import Model, Q
from django.http import HttpRequest
from django.utils import timezone

from core.redaction import redact

from ..browsers import address
from ..models import AuditEntry, Team
from .actions import ACTIONS, SELDOM

LINKED: dict[str, type[Model]] = {}
"""What an action begins with -> the model of its objects, which have pages. Each app adds its own when it starts."""

_via: ContextVar[str] = ContextVar("via", default="")


class About(NamedTuple):
    """What one of several entries is about, as in `record`."""

    team: Team | None
    what: Model
    detail: dict[str, Any] | None = None
    name: str = ""


def record(
    action: str,
    *,
    team: Team | None = None,
    what: Model | None = None,
    name: str = "",
    detail: dict[str, Any] | None = None,
    actor: User | None = None,
    once_in: timedelta | None = None,
) -> None:
    """Writes one entry: about the object `what` (called `name`, or as it prints), in a team or the installation.

    Who and from where is taken from the request that is being answered; `actor` says it where the request does not.
    With `once_in` nothing is written when the same person did the same to the same object within that time.
    Raises KeyError for an action that is not in ACTIONS.
    """
    ACTIONS[action]
    request: HttpRequest | None = context.request
    person = actor or _signed_in(request)
    if action in SELDOM and not _first_in_a_minute(action, person, request):
        return
    if once_in and _lately(action, person, what, once_in):
        return
    _entry(action, person, team, what, name, detail).save()


def record_each(action: str, about: Iterable[About]) -> None:
    """Writes an entry about each of these in one statement; who and from where as `record` does.

    Raises KeyError for an action that is not in ACTIONS.
    """
    ACTIONS[action]
    person = _signed_in(context.request)
    AuditEntry.objects.append(_entry(action, person, each.team, each.what, each.name, each.detail) for each in about)


def _entry(
    action: str, person: User | None, team: Team | None, what: Model | None, name: str, detail: dict[str, Any] | None
) -> AuditEntry:
    return AuditEntry(
        actor_id=person.pk if person else None,
        via=_via.get()[:80],
        address=address(context.request),
        team_id=team.pk if team else None,
        team_name=team.name if team else "",
        action=action,
        object_id=what.pk if what else None,
        object_name="" if isinstance(what, User) else (name or str(what or ""))[:200],
        detail=_where(action, context.request) | (detail or {}),
    )


@contextmanager
def acting_via(via: str) -> Iterator[None]:
    """What is recorded within came this way: "manage.py apply", "token ci", "link in a mail"."""
    token = _via.set(via)
    try:
        yield
    finally:
        _via.reset(token)


def done(what: str) -> str:
    """The sentence with who did it, as far as that is known: "It was paused by alice."."""
    person = _signed_in(context.request)
    by = person.get_username() if person else _via.get()
    return f"{what} by {by}." if by else f"{what}."


def subject_of(address: str) -> dict[str, Any]:
    """An email address for `detail`: as the number of its owner, so that it goes when they are deleted."""
    owner = User.objects.filter(Q(email__iexact=address) | Q(username=address)).first() if address else None
    return {"person": owner.pk} if owner else {"mail": address}


def differences(before: dict[str, Any], after: dict[str, Any], secret: Collection[str] = ()) -> dict[str, Any]:
    """For `detail`: what moved, as {name: {"from": ..., "to": ...}}; of what is `secret` only that it moved."""
    moved = [name for name in after if before.get(name) != after[name]]
    return {name: _turn(before.get(name), after[name], name in secret) for name in moved}


def _turn(before: Any, after: Any, secret: bool) -> Any:
    if secret:
        return "removed" if not after else "changed" if before else "set"
    return {"from": _plain(before), "to": _plain(after)}


def _plain(value: Any) -> Any:
    """The value as JSON knows it, without the secrets of the settings, and not without end."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (list, tuple, set)):
        return [_plain(each) for each in list(value)[:20]]
    return redact(str(value))[:200]


def _where(action: str, request: HttpRequest | None) -> dict[str, Any]:
    """The page that was refused; where its address may have a token in it, only the address's pattern."""
    match = request.resolver_match if request and action == "access.refused" else None
    if request is None or match is None:
        return {}
    return {"page": (request.path if set(match.kwargs) <= {"pk", "slug"} else f"/{match.route}")[:200]}


def _first_in_a_minute(action: str, person: User | None, request: HttpRequest | None) -> bool:
    if request is None:
        return True
    who = f"{person.pk if person else ''} {address(request)} {request.path}"
    key = hashlib.sha256(who.encode()).hexdigest()  # a cache's key has no spaces, and a path may be long
    return cache.add(f"audit:{action}:{key}", 1, timeout=60)


def _lately(action: str, person: User | None, what: Model | None, within: timedelta) -> bool:
    same = AuditEntry.objects.filter(actor_id=person.pk if person else None, action=action)
    return same.filter(object_id=what.pk if what else None, at__gt=timezone.now() - within).exists()


def _signed_in(request: HttpRequest | None) -> User | None:
    user = getattr(request, "user", None)
    return user if isinstance(user, User) else None
