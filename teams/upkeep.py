"""Clearing away what is past its time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from core import fence

from .accounts.sessions import SessionStore
from .models import ApiToken, Invitation

CLEARING_UP = "clear-up"
"""The sweep, as core.fence knows it."""

KEEP_INVITATIONS = timedelta(days=30)
"""After their end, though they are not listed any more."""

KEEP_TOKENS = timedelta(days=90)
"""After their end. For so long they are listed as expired."""


def clear_up() -> None:
    """Deletes sessions, invitations and API tokens of no use for a while, and what was put off and is gone."""
    now = datetime.now(UTC)
    old: dict[str, Callable[[], object]] = {
        "sessions": SessionStore.clear_expired,
        "devices": UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete,
        "invitations": Invitation.objects.filter(expires_at__lt=now - KEEP_INVITATIONS).delete,
        "tokens": ApiToken.objects.filter(expires_at__lt=now - KEEP_TOKENS).delete,
        "put off": lambda: fence.forget_old(now),
    }
    fence.each(CLEARING_UP, old, lambda name: old[name](), lambda name: fence.Item(name, name))
