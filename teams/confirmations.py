"""Addresses that someone typed get mails of a team once their owner opened a link and agreed.

A row of PendingAddress is written when an address comes onto a list of the team in the browser and is no account's. It
goes when the owner agrees, when `manage.py apply` names the address, or when no list has it any more. Whatever has no
row is trusted.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from core import dates, rate_limits
from core.automatic_mail import automatic
from core.mail_refusals import words
from core.site_url import absolute

from . import audit, mailboxes
from .invitations import accounts_with_address
from .models import PendingAddress, Team
from .quotas import hold
from .refusals import Refused

log = logging.getLogger(__name__)

VALID = timedelta(days=7)
AN_HOUR = 30
"""Links per person and hour, and per team and hour: each of them is a mail to whomever they name."""

SECONDS = 10
"""After so many no further mail of the same request is begun."""

_SALT = "plimsoll.list-address"
GONE = (
    "This link is used up or more than seven days old, or the team took the address off its lists. If you want the "
    "team's mails, ask it to send the link again."
)

lists: list[Callable[[Team], list[str]]] = [lambda team: Team.objects.get(pk=team.pk).mail_to]
"""The lists of a team, as stored now. The apps add theirs when Django starts."""


def on_lists(team: Team) -> set[str]:
    """What is on any list of the team now, in lower case."""
    return {address.lower() for of in lists for address in of(team)}


def listed(team: Team) -> set[str]:
    """As `on_lists`; nobody else changes a list until the transaction ends."""
    hold(team)
    return on_lists(team)


def note_typed(team: Team, before: set[str]) -> None:
    """After a list was changed in the browser: what is new since `before` (of `listed`) waits for confirmation."""
    now = listed(team)
    PendingAddress.objects.filter(team=team).exclude(address__in=now).delete()
    if settings.CONFIRM_ADDRESSES:
        new = [address for address in sorted(now - before) if not accounts_with_address(address).exists()]
        rows = [PendingAddress(team=team, address=address) for address in new]
        PendingAddress.objects.bulk_create(rows, ignore_conflicts=True)


def trust(team: Team, addresses: list[str]) -> None:
    """Who runs the installation vouches for these addresses of the team."""
    PendingAddress.objects.filter(team=team, address__in=[address.lower() for address in addresses]).delete()


def pending(*teams: Team) -> list[PendingAddress]:
    """The addresses of these teams' lists that get no mail yet."""
    if not settings.CONFIRM_ADDRESSES:
        return []
    rows = PendingAddress.objects.filter(team__in=teams)
    return [row for row in rows if not accounts_with_address(row.address).exists()]


def send(rows: list[PendingAddress], by: User) -> str:
    """Mails each of them its link. Returns why some got none, in a sentence; empty when all did.

    Takes up to SECONDS and the time of one mail.
    """
    if not settings.EMAIL_CONFIGURED:
        return "No mail server is set (EMAIL_URL), so no link to confirm an address can be sent."
    server, ends, trouble = get_connection(), time.monotonic() + SECONDS, ""
    try:
        for row in rows:
            if time.monotonic() > ends:
                return "The mail server is slow, so not every link was sent. Send the others in a minute."
            trouble = _held_up(row, by) or _send(row, server) or trouble
    except (OSError, SMTPException) as error:
        log.warning("A link to confirm an address could not be mailed: %s", error)
        return f"The mail server did not take it: {words(error, 'it').rstrip('.')}. Send the link again later."
    finally:
        with suppress(OSError, SMTPException):
            server.close()
    return trouble


def find(token: str) -> PendingAddress:
    """What a link is about. Raises Refused when there is nothing to confirm (any more)."""
    try:
        pk, address = signing.loads(token, salt=_SALT, max_age=VALID)
    except (signing.BadSignature, ValueError) as error:
        raise Refused(GONE) from error
    row = PendingAddress.objects.select_related("team").filter(pk=pk, address=address).first()
    if row is None:
        raise Refused(GONE)
    return row


def confirm(token: str) -> PendingAddress:
    """The address gets the team's mails from now on. Raises Refused as `find` does."""
    with transaction.atomic(), audit.acting_via("link in a mail"):
        row = find(token)
        gone, _ = PendingAddress.objects.filter(pk=row.pk).delete()
        if not gone:
            raise Refused(GONE)
        audit.record("recipient.confirmed", team=row.team, detail=audit.subject_of(row.address))
    return row


def link(row: PendingAddress) -> str:
    return absolute(reverse("address-confirm", args=[signing.dumps([row.pk, row.address], salt=_SALT)]))


def _held_up(row: PendingAddress, by: User) -> str:
    """Counts one more link. Returns why it is not sent now; empty when it may be."""
    by_person = rate_limits.allowed(f"confirmations:person:{by.pk}", AN_HOUR, 3600)
    if not (by_person and rate_limits.allowed(f"confirmations:team:{row.team_id}", AN_HOUR, 3600)):
        return f"That is enough for now: {AN_HOUR} links an hour. Send the others within an hour."
    if not mailboxes.take_turn(row.address):
        again = f" from {dates.stamp(until)} on" if (until := row.wait_until) else ""
        return f"{row.address} got a link or an invitation lately. The link can be sent again{again}."
    return ""


def _send(row: PendingAddress, server: BaseEmailBackend) -> str:
    facts = {"team": mailboxes.plain(row.team.name), "link": link(row), "site": settings.SITE_URL, "days": VALID.days}
    mail = EmailMessage(
        subject="May Plimsoll send you mails?",
        body=render_to_string("email/confirm_address.txt", facts),
        to=[row.address],
    )
    try:
        server.open()
        server.send_messages([automatic(mail)])
    except SMTPRecipientsRefused:
        return f"The mail server refused {row.address}. Check its spelling."
    except (OSError, SMTPException):
        mailboxes.give_turn_back(row.address)
        raise
    PendingAddress.objects.filter(pk=row.pk).update(asked_at=datetime.now(UTC))
    audit.record("recipient.asked", team=row.team, detail=audit.subject_of(row.address))
    return ""
