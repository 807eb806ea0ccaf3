"""What we change of django-allauth's ways: who may get an account, and how its mails leave."""

import logging
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.userkit import filter_users_by_email, get_user_by_username
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.utils import generate_unique_username, generate_username_candidates
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from core import mail_addresses, rate_limits
from core.site_url import absolute

from .. import audit, mailboxes
from ..audit import sign_ins
from ..invitations import accounts_with_address
from ..sso import admission, trouble
from ..sso.http import ProviderHttp
from . import account_mail, user_name

log = logging.getLogger(__name__)

WRONG = "Wrong user name or password. Check both, or follow the link below for a new password."
WRONG_PASSWORD = "This is not your password. Type the one that you sign in with now."
RESETS_AN_HOUR = 3
"""Mails for a new password to one mailbox. An account may claim a stranger's, who must not be flooded."""

HELD_UP = "Too many wrong tries, so none is taken for now, not even a right one. Try again in five minutes."


class Accounts(DefaultAccountAdapter):
    """Local accounts are made by an invitation, the first-account link or the provider, never by a stranger."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": WRONG,
        "username_password_mismatch": WRONG,
        "too_many_login_attempts": HELD_UP,
        "account_inactive": "This account is deactivated. Ask an administrator to activate it.",
        "enter_current_password": WRONG_PASSWORD,
        "incorrect_password": WRONG_PASSWORD,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str) -> bool:
        """Where a sign-in may lead: to this site by the names that people use, not to every ALLOWED_HOSTS."""
        request = context.request
        hosts = {urlsplit(settings.SITE_URL).netloc} | ({request.get_host()} if request else set())
        return url_has_allowed_host_and_scheme(url, hosts, require_https=settings.PRODUCTION)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """An address is found however its domain was typed."""
        if email := credentials.get("email"):
            credentials["email"] = mail_addresses.same(email)
        return super().authenticate(request, **credentials)

    def clean_email(self, email: str) -> str:
        return mail_addresses.same(email)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Too many tries are in the audit trail as well."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            sign_ins.record_failure("session.held_up", credentials)
            raise

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Tries are counted by account, whichever of its names was typed and whatever the Host header says."""
        typed = str(credentials.get("email") or credentials.get("username") or "").strip().lower()
        users = {*filter_users_by_email(typed, for_login=True), get_user_by_username(typed)} - {None}
        return f"account:{min(user.pk for user in users)}" if users else f"name:{typed}"

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The page where a new password is set."""
        user, _, token = key.partition("-")
        return absolute(reverse("account_reset_password_from_key", args=[user, token]))

    def send_password_reset_mail(self, user: AbstractBaseUser, email: str, context: dict[str, Any]) -> None:
        """So many an hour to a mailbox, whichever account and spelling was typed; the page's answer is the same."""
        if rate_limits.allowed(f"password-reset:{mailboxes.mailbox(email)}", RESETS_AN_HOUR, 3600):
            super().send_password_reset_mail(user, email, context)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Not to an address that the account only claims: it may be a stranger's."""
        if email or accounts_with_address(str(getattr(user, "email", ""))).filter(pk=user.pk).exists():
            super().send_notification_mail(template_prefix, user, context, email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Returns before the mail has left. It goes to the address that the account was found by."""
        to = mail_addresses.same(email)
        account_mail.send(self.render_mail(template_prefix, to, context | {"site_url": settings.SITE_URL}))


class ProviderAccounts(DefaultSocialAccountAdapter):
    """Accounts of people whom the OpenID Connect provider sends. Who is let in: teams/sso/admission.py."""

    error_messages = {
        **DefaultSocialAccountAdapter.error_messages,
        "no_password": "Your account has no password, so nothing else lets you in. Set a password first.",
    }

    def get_requests_session(self) -> ProviderHttp:
        return ProviderHttp()

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        return admission.account_of(admission.verified_address(sociallogin))

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        if why := admission.refusal(sociallogin):
            raise ImmediateHttpResponse(_refused(request, sociallogin, why))
        return True

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: BaseForm | None = None) -> User:
        try:
            with transaction.atomic():
                user = super().save_user(request, sociallogin, form)
                admission.welcome(user, sociallogin)
        except (IntegrityError, admission.NoLongerInvited) as error:
            raise ImmediateHttpResponse(_refused(request, sociallogin, "late")) from error
        return user

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        user = super().populate_user(request, sociallogin, data)
        # allauth would take the first name in place of a user name that is taken.
        name = generate_unique_username([data.get("username"), data.get("email"), "user"])
        # It knows of no former names: of the name alone and with more and more digits the first that nobody had.
        user.username = next(each for each in generate_username_candidates(name) if not user_name.taken(each))
        return user

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Puts `why` into the page's context and a line into the log, which has nothing of the provider's answer."""
        cause = trouble.cause(request, exception, extra_context or {})
        log.warning("A sign-in by the provider did not work: %s (%s)", cause, trouble.kind(exception))
        if extra_context is not None:
            extra_context["why"] = trouble.SENTENCES[cause]


def _refused(request: HttpRequest, sociallogin: SocialLogin, why: str) -> HttpResponse:
    audit.record("access.refused", detail={"by": ["socialaccount"], "why": why})
    facts = {"why": why, "address": admission.verified_address(sociallogin), "provider": settings.OIDC_NAME}
    return render(request, "socialaccount/refused.html", facts, status=403)
