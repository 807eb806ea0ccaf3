"""Whom the provider's word lets in: which account it means, and who gets a new one."""

from datetime import UTC, datetime

from allauth.account.models import EmailAddress
from allauth.account.utils import filter_users_by_email
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet

from teams import audit, invitations
from teams.models import Invitation


class NoLongerInvited(Exception):
    """The invitation that would have let the person in was used or withdrawn a moment ago."""


def verified_address(login: SocialLogin) -> str:
    """The email address that the provider has verified; "" without one. Other addresses of it count for nothing."""
    return next((row.email.lower() for row in login.email_addresses if row.verified), "")


def account_of(address: str) -> tuple[User, str] | None:
    """The account that has verified this address itself, and the address.

    An account that only claims it is no match, or whoever claims a stranger's address first would share their account.
    """
    row = EmailAddress.objects.filter(email=address, verified=True).select_related("user").first()
    return (row.user, address) if row else None


def refusal(login: SocialLogin) -> str:
    """Why a person without an account gets none: "taken", "closed" or "unverified"; "" when they do get one."""
    address = verified_address(login)
    if address and filter_users_by_email(address):  # also accounts that only claim it: allauth would go on by a form
        return "taken"
    if settings.OIDC_SIGN_UP or _invitations_to(address).exists():
        return ""
    return "closed" if address else "unverified"


def welcome(user: User, login: SocialLogin) -> None:
    """Makes the new person a member where they were invited, inside the transaction that made the account.

    Raises NoLongerInvited when only an invitation would have let them in and it has just gone.
    """
    joined = 0
    for invitation in _invitations_to(verified_address(login)):
        try:
            with audit.acting_via("the sign-in provider"):
                invitations.accept(invitation, user)
            joined += 1
        except invitations.Gone:
            continue
    if not joined and not settings.OIDC_SIGN_UP:
        raise NoLongerInvited


def _invitations_to(address: str) -> QuerySet[Invitation]:
    open_ones = Invitation.objects.filter(expires_at__gt=datetime.now(UTC)).select_related("team")
    return open_ones.filter(email__iexact=address) if address else open_ones.none()
