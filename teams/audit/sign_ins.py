"""The signals of Django and django-allauth about sign-ins and accounts, for the audit trail; when a session ends."""

from typing import Any

from allauth.account import signals as accounts
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa import signals as factors
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as providers
from django.conf import settings
from django.contrib.auth import signals as sessions
from django.contrib.auth.models import User
from django.db.models import Q
from django.dispatch import Signal, receiver
from django.http import HttpRequest

from . import trail


@receiver(sessions.user_logged_in)
def signed_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """The method, where it went through the sign-in pages."""
    request.session.set_expiry(settings.SESSION_COOKIE_AGE)
    ways = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY) or []
    by = [str(way["method"]) for way in ways if isinstance(way, dict) and "method" in way]
    trail.record("session.started", actor=user, detail={"by": by} if by else {})


@receiver(sessions.user_logged_out)
def signed_out(user: User | None, **kwargs: Any) -> None:
    """Who was not signed in signs out as well, which is not recorded."""
    if user is not None:
        trail.record("session.ended", actor=user)


@receiver(sessions.user_login_failed)
def failed(credentials: dict[str, Any], **kwargs: Any) -> None:
    """What was typed is not kept: people type passwords into the wrong field. Whose name it was is."""
    record_failure("session.failed", credentials)


def record_failure(action: str, credentials: dict[str, Any]) -> None:
    """Records what became of a try to sign in with these credentials."""
    typed = str(credentials.get("username") or credentials.get("email") or "")
    user = User.objects.filter(Q(username__iexact=typed) | Q(email__iexact=typed)).first() if typed else None
    trail.record(action, what=user, detail={} if user else {"name": "unknown"})


@receiver(factors.authentication_failed)
def failed_second(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """The password was right, the code or the key was not."""
    trail.record("session.failed", what=user, detail={"by": [str(authenticator.type)]})


def _on(signal: Signal, action: str) -> None:
    """Records the action for the signal's `user`, whoever is signed in."""

    def receive(user: User, authenticator: Authenticator | None = None, **kwargs: Any) -> None:
        detail = {"kind": str(authenticator.type)} if authenticator else {}
        trail.record(action, what=user, detail=detail, actor=None if _someone_is_signed_in(kwargs) else user)

    signal.connect(receive, weak=False, dispatch_uid=f"audit {action}")


def _someone_is_signed_in(signal: dict[str, Any]) -> bool:
    return isinstance(getattr(signal.get("request"), "user", None), User)


_on(accounts.user_signed_up, "account.created")
_on(accounts.password_changed, "account.password_changed")
_on(accounts.password_reset, "account.password_reset")
_on(factors.authenticator_added, "account.factor_added")
_on(factors.authenticator_removed, "account.factor_removed")
_on(factors.authenticator_reset, "account.factor_renewed")


@receiver(accounts.password_set)
def set_first(user: User, **kwargs: Any) -> None:
    """An account of the provider's got a password of its own."""
    trail.record("account.password_changed", what=user, detail={"first": True})


@receiver(providers.social_account_added)
def provider_connected(sociallogin: Any, **kwargs: Any) -> None:
    """A person's account at the provider signs in here from now on."""
    detail = {"provider": str(sociallogin.account.provider)}
    trail.record("account.provider_connected", what=sociallogin.user, detail=detail, actor=sociallogin.user)


@receiver(providers.social_account_removed)
def provider_removed(socialaccount: Any, **kwargs: Any) -> None:
    """It signs in no more."""
    detail = {"provider": str(socialaccount.provider)}
    trail.record("account.provider_removed", what=socialaccount.user, detail=detail)
