"""The user name of an account: who may have which, and changing it."""

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from core import rate_limits

from .. import audit
from ..models import FormerName
from ..refusals import Refused

A_DAY = 3
"""Changes of a person: each keeps a name from all others."""

TAKEN = "Somebody has this user name, or had it. Choose another one."


def taken(name: str, own: User | None = None) -> bool:
    """Whether someone but `own` has or had this name, in any case."""
    others = User.objects.exclude(pk=own.pk) if own else User.objects.all()
    had = FormerName.objects.exclude(user=own)
    return others.filter(username__iexact=name).exists() or had.filter(name__iexact=name).exists()


def free(name: str, own: User | None = None) -> str:
    """The name. Raises ValidationError where it has an @, and where it is `taken`."""
    if "@" in name:
        raise ValidationError("Choose a user name without an @, so that nobody takes it for an email address.")
    if taken(name, own):
        raise ValidationError(TAKEN)
    return name


def change(user: User, name: str) -> None:
    """Gives the account this name, which is `free`, and keeps the one before from others.

    Raises Refused with a sentence when someone was quicker, or after too many changes.
    """
    if not rate_limits.allowed(f"user-name:{user.pk}", A_DAY, 86400):
        raise Refused(f"A user name can be changed {A_DAY} times a day. Try again tomorrow.")
    try:
        with transaction.atomic():
            before = User.objects.select_for_update().get(pk=user.pk).username
            FormerName.objects.filter(user=user, name=name).delete()
            FormerName.objects.get_or_create(user=user, name=before)
            User.objects.filter(pk=user.pk).update(username=name)
            # The names themselves are the person's own, so the trail does not keep them.
            audit.record("account.renamed", what=user, actor=user)
    except IntegrityError as error:
        raise Refused(TAKEN) from error
    user.username = name
