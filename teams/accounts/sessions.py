"""Sessions: when they end by themselves, and ending them before."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends import db
from django.db import transaction

from .. import audit
from ..browsers import browser


class SessionStore(db.SessionStore):
    """Django's, but a session ends a fixed time after the sign-in: Django counts from when it was last written."""

    def set_expiry(self, value: timedelta | datetime | int | None) -> None:
        """Seconds count from now on; 0 is the end of the browser."""
        super().set_expiry(datetime.now(UTC) + timedelta(seconds=value) if isinstance(value, int) and value else value)


class Sessions(DefaultUserSessionsAdapter):
    """What allauth's list of sessions does about them, with the audit trail. Signing out has a signal of its own."""

    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        with transaction.atomic():
            for session in sessions:
                if not session.is_current():
                    audit.record("session.closed", detail={"browser": browser(session.user_agent)})
                session.end()
