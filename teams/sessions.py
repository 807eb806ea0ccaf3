"""Sessions: ending one, and clearing away what is past its time."""

from datetime import UTC, datetime, timedelta

from allauth.account.internal.flows.logout import logout
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest

from . import audit
from .models import ApiToken, Invitation

KEEP_INVITATIONS = timedelta(days=30)
"""For so long after its end an invitation is listed as expired; a token likewise."""
KEEP_TOKENS = timedelta(days=90)


def end(request: HttpRequest, session: UserSession) -> bool:
    """Ends the session; returns whether it was the one that the request came by."""
    current = session.session_key == request.session.session_key
    with transaction.atomic():
        session.end()
        audit.record("session.closed", detail={"current": current})
    if current:
        logout(request)
    return current


def clear_up() -> None:
    """Deletes sessions, invitations and API tokens that have been of no use for a while."""
    now = datetime.now(UTC)
    SessionStore.clear_expired()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    Invitation.objects.filter(expires_at__lt=now - KEEP_INVITATIONS).delete()
    ApiToken.objects.filter(expires_at__lt=now - KEEP_TOKENS).delete()
