"""The email address of an account: it changes once a link was opened that only the new address was sent."""

import logging
from datetime import timedelta
from smtplib import SMTPException
from typing import NamedTuple

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse

from core import rate_limits
from core.automatic_mail import automatic
from core.mail_refusals import words
from core.site_url import absolute

from .. import audit
from ..invitations import accounts_with_address
from ..refusals import Refused

log = logging.getLogger(__name__)

VALID = timedelta(days=1)
AN_HOUR = 5
"""Links per person and hour: each of them is a mail to whomever they name."""

_SALT = "plimsoll.mail-address"
GONE = "This link is used up or more than a day old. Ask for a new one on the page “Email” of your account."
OTHERS = "This link is for another account. Sign out, sign in with the account that asked for it, and open it again."
TAKEN = "Another account has this address by now, so yours stays as it was."


class Change(NamedTuple):
    """What a link stands for: the account, the row of its confirmed address when the link was made, and the new one.

    Each change makes a new row, so that no link works twice.
    """

    person: int
    row: int | None
    after: str


def confirmed(user: User) -> bool:
    """Whether the person has shown that mails to the account's address reach them."""
    return EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists()


def ask(user: User, address: str) -> None:
    """Mails a link to the address, which is in lower case. Takes up to 10 seconds.

    An address of someone else gets word of that instead of a link: only its owner may know that there is an account.
    Raises Refused with a sentence when nothing was sent.
    """
    if address == user.email and confirmed(user):
        raise Refused("This is the address of your account already, and it is confirmed.")
    if not settings.EMAIL_CONFIGURED:
        raise Refused("This installation can send no mail, so no address can be confirmed.")
    if not rate_limits.allowed(f"mail-address:{user.pk}", AN_HOUR, 3600):
        raise Refused(f"That is enough for now: {AN_HOUR} links an hour. The next one is free within an hour.")
    facts = {"person": user, "taken": _taken(user, address), "link": link(change(user, address))}
    mail = EmailMessage(
        subject="Your email address on Plimsoll",
        body=render_to_string("email/mail_address.txt", facts),
        to=[address],
    )
    try:
        automatic(mail).send()
    except (OSError, SMTPException, ValueError) as error:  # an address that no mail can go to
        log.warning("A link for a new email address could not be mailed: %s", error)
        raise Refused(f"The mail server did not take it: {words(error, 'it')}") from error


def change(user: User, address: str) -> Change:
    """The change of the account as it is now to this address."""
    confirmed_row = EmailAddress.objects.filter(user=user, verified=True)
    return Change(user.pk, confirmed_row.values_list("pk", flat=True).first(), address)


def link(change: Change) -> str:
    return absolute(reverse("mail-confirm", args=[signing.dumps(change, salt=_SALT)]))


def find(user: User, token: str) -> Change:
    """The change that the link of this person stands for. Raises Refused when it is no good, or someone else's."""
    try:
        asked = Change(*signing.loads(token, salt=_SALT, max_age=VALID))
    except signing.BadSignature as error:
        raise Refused(GONE) from error
    if asked.person != user.pk:
        raise Refused(OTHERS)
    if asked != change(user, asked.after):
        raise Refused(GONE)
    return asked


def confirm(user: User, token: str) -> Change:
    """Gives the account the address of the link, and notifies the address before. Raises Refused when it can't be."""
    try:
        with transaction.atomic():
            before = User.objects.select_for_update().get(pk=user.pk).email
            asked = find(user, token)
            if _taken(user, asked.after):
                raise Refused(TAKEN)
            EmailAddress.objects.filter(user=user).delete()
            EmailAddress.objects.create(user=user, email=asked.after, verified=True, primary=True)
            User.objects.filter(pk=user.pk).update(email=asked.after)
            # The addresses themselves are the person's own, so the trail does not keep them.
            audit.record("account.mail_changed", what=user, actor=user)
    except IntegrityError as error:
        raise Refused(TAKEN) from error
    if before and before != asked.after:
        get_adapter().send_notification_mail("account/email/email_changed", user, email=before)
    return asked


def _taken(user: User, address: str) -> bool:
    return accounts_with_address(address).exclude(pk=user.pk).exists()
