"""Clearing away what is past its time."""

from datetime import UTC, datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from .models import ApiToken, Invitation
from .sessions import SessionStore

KEEP_INVITATIONS = timedelta(days=30)
"""After their end, though they are not listed any more."""

KEEP_TOKENS = timedelta(days=90)
"""After their end. For so long they are listed as expired."""


def clear_up() -> None:
    """Deletes sessions, invitations and API tokens that have been of no use for a while."""
    now = datetime.now(UTC)
    SessionStore.clear_expired()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    Invitation.objects.filter(expires_at__lt=now - KEEP_INVITATIONS).delete()
    ApiToken.objects.filter(expires_at__lt=now - KEEP_TOKENS).delete()
