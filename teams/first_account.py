"""The first account: whoever can read the log of a fresh installation may create it, once."""

import hmac

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core.management.color import no_style
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils.crypto import salted_hmac

from config.addresses import absolute

from . import audit
from .lifecycle import new_team


class TooLate(Exception):
    """An account exists already, so the link is used up."""


def link() -> str | None:
    """The one-time link for the log; None once any account exists."""
    if User.objects.exists():
        return None
    return absolute(reverse("start", args=[_token()]))


def is_open(token: str) -> bool:
    """Whether this token is the right one and still of use."""
    return hmac.compare_digest(token.encode(), _token().encode()) and not User.objects.exists()


def create(username: str, email: str, password: str, team_name: str) -> User:
    """Creates the account and its team, whose mails go to `email`. Raises TooLate when someone was first."""
    try:
        with transaction.atomic():
            # Everyone who creates a first account gets the number 1: of two at once, one is refused.
            user = User(pk=1, username=username, email=email.lower(), is_superuser=True)
            user.set_password(password)
            if User.objects.exists():
                raise TooLate
            user.save(force_insert=True)
            # Whoever reads the installation's log is taken at their word.
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
            audit.record("account.created", what=user, detail={"admin": True}, actor=user)
            new_team(user, team_name, [email])
    except IntegrityError as error:
        raise TooLate from error
    _skip_number_one()
    return user


def _token() -> str:
    return salted_hmac("plimsoll.first-account", "start", algorithm="sha256").hexdigest()[:40]


def _skip_number_one() -> None:
    """PostgreSQL's sequence does not notice that the number 1 was given out by hand."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [User]):
            cursor.execute(statement)
