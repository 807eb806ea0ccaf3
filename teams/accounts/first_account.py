"""The link to an administrator's account: whoever can read the log may use it, while there is no administrator."""

import hmac

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.crypto import salted_hmac

from core.site_url import absolute

from .. import audit
from ..invitations import accounts_with_address
from ..models import AuditEntry
from ..refusals import Refused
from ..team_lifecycle import new_team
from . import administrators


class TooLate(Exception):
    """There is an administrator by now, so the link is used up."""


def link() -> str | None:
    """The one-time link for the log; None while the installation has an administrator."""
    return None if administrators.admins().exists() else absolute(reverse("start", args=[_token()]))


def greeting() -> list[str]:
    """The lines for the log, with the link; none while the installation has an administrator."""
    if not (address := link()):
        return []
    if not User.objects.exists():
        return [f"No account yet. Create the first one: {address}"]
    return [
        f"There is no administrator. Create an account that is one: {address}",
        "Or make one of an account that is there: manage.py makeadmin NAME",
    ]


def is_open(token: str) -> bool:
    """Whether this token is the right one and still of use."""
    return hmac.compare_digest(token.encode(), _token().encode()) and not administrators.admins().exists()


def create(username: str, email: str, password: str, team_name: str) -> User:
    """Creates an administrator's account and a team, whose mails go to `email`.

    Raises TooLate when someone was first, and Refused when the name, the address or the team's name is taken.
    """
    try:
        with transaction.atomic():
            # A row that is always there: of two at once, the second waits here and then finds an administrator.
            ContentType.objects.select_for_update().get(app_label="auth", model="user")
            if administrators.admins().exists():
                raise TooLate
            if accounts_with_address(email).exists():
                raise Refused(
                    "An account has this email address. Choose another one, or make that account the administrator on "
                    "the server: manage.py makeadmin NAME"
                )
            user = User.objects.create_user(username, email.lower(), password, is_superuser=True)
            # Whoever reads the installation's log is taken at their word.
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
            audit.record("account.created", what=user, detail={"admin": True}, actor=user)
            new_team(user, team_name, [email])
    except IntegrityError as error:
        raise Refused("Someone took this user name or address a moment ago. Choose another name.") from error
    return user


def _token() -> str:
    """Another one after each administrator, so that a link that was used once stays used up."""
    changes = AuditEntry.objects.filter(action="person.admin_changed").count()
    created = AuditEntry.objects.filter(action="account.created", detail__admin=True).count()
    value = f"start {created}.{changes}"
    return salted_hmac("plimsoll.first-account", value, algorithm="sha256").hexdigest()[:40]
