"""Invitations: a link that makes whoever has it a member. Only a hash of its token is kept."""

import hashlib
import hmac
import logging
import secrets
from datetime import UTC, datetime, timedelta
from smtplib import SMTPException

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.crypto import salted_hmac

from core import dates, mail_addresses, rate_limits
from core.automatic_mail import automatic
from core.mail_refusals import words
from core.site_url import absolute

from . import audit, mailboxes, members
from .models import Invitation, Membership, Role, Team
from .refusals import Refused

log = logging.getLogger(__name__)

VALID = timedelta(days=7)
AN_HOUR = 30
"""Invitations per owner and hour: each of them sends a mail to whomever they name."""

GONE = "This invitation is used up, withdrawn or more than seven days old. Ask an owner of the team for a new one."


class Gone(Refused):
    """The invitation was used up or withdrawn a moment before, or it is too old."""


def invite(team: Team, email: str, role: Role, by: User | None) -> tuple[Invitation, str]:
    """An invitation for the address, and its link's token. One to the same address before is replaced by it.

    `by` is None for a command on the server. Raises Refused with a sentence for too many, for a member's address, and
    for one that can't be mailed to.
    """
    email, token = _usable(email), secrets.token_urlsafe(32)
    if by and not rate_limits.allowed(f"invitations:{by.pk}", AN_HOUR, 3600):
        raise Refused(f"That is enough for now: {AN_HOUR} invitations an hour. The next one is free within an hour.")
    with transaction.atomic():
        members.require_owner(by, team) if by else members.lock(team)
        if Membership.objects.filter(team=team, user__in=accounts_with_address(email)).exists():
            raise Refused(f"{email} belongs to a member of {team} already. Change the role in the list of members.")
        team.invitations.filter(email=email).delete()
        invitation = Invitation.objects.create(
            team=team,
            email=email,
            role=role,
            token_hash=_hash(token),
            invited_by=by,
            expires_at=datetime.now(UTC) + VALID,
        )
        # No address: it is a person's, and the trail keeps none of those.
        audit.record("invitation.sent", team=team, detail={"role": role.value}, actor=by)
    return invitation, token


def find(token: str) -> Invitation | None:
    """The invitation that a link is of; None once it is used up, withdrawn or expired."""
    rows = Invitation.objects.select_related("team", "invited_by")
    return rows.filter(token_hash=_hash(token.partition(".")[0]), expires_at__gt=datetime.now(UTC)).first()


def accept(invitation: Invitation, user: User) -> Membership:
    """Uses the invitation up and makes the person a member. Raises Gone when someone was quicker."""
    with transaction.atomic():
        _use_up(invitation)
        return _joined(invitation, user)


def register(invitation: Invitation, username: str, password: str, *, proved: bool = True) -> User:
    """A new account with the invitation's address, and its membership. Uses the invitation up.

    `proved`: the link was read in the mail to that address, so the address is known to be the person's.
    Raises Gone when someone was quicker, and Refused when the name or the address has an account already, or when
    an older Plimsoll invited an address that can't be mailed to.
    """
    email = _usable(invitation.email)
    try:
        with transaction.atomic():
            _use_up(invitation)
            if accounts_with_address(email).exists():
                raise Refused("There is an account with this email address. Sign in to join the team.")
            user = User.objects.create_user(username, email, password)
            EmailAddress.objects.create(user=user, email=email, verified=proved, primary=True)
            audit.record("account.created", what=user, actor=user)
            _joined(invitation, user)
    except IntegrityError as error:
        raise Refused("Someone took this user name or address a moment ago. Choose another name.") from error
    return user


def withdraw(invitation: Invitation, by: User) -> None:
    """The link does nothing any more. Raises NotThere when `by` is no owner any more."""
    with transaction.atomic():
        members.require_owner(by, invitation.team)
        gone, _ = Invitation.objects.filter(pk=invitation.pk).delete()
        if gone:
            audit.record("invitation.withdrawn", team=invitation.team, detail={"role": invitation.role}, actor=by)


def accounts_with_address(email: str) -> QuerySet[User]:
    """The accounts that have this address, which nobody has by only saying so."""
    rows = EmailAddress.objects.filter(email__iexact=email)
    confirmed, claimed = rows.filter(verified=True).values("user"), rows.filter(verified=False).values("user")
    return User.objects.filter(Q(pk__in=confirmed) | (Q(email__iexact=email) & ~Q(pk__in=claimed)))


def link(token: str) -> str:
    return absolute(reverse("invitation", args=[token]))


def mailed_token(token: str) -> str:
    """The token as the mail has it: the part behind the dot is shown nowhere else, so it proves the address."""
    return f"{token}.{_proof(token)}"


def came_by_mail(token: str) -> bool:
    """Whether this token was read in the mail, and not only shown to the owner who invited."""
    bare, _, proof = token.partition(".")
    return hmac.compare_digest(proof.encode(), _proof(bare).encode())


def send(invitation: Invitation, token: str) -> str:
    """Mails the link, and returns "" or why no mail went out, in a sentence. The invitation stays in any case.

    Takes up to 10 seconds. Mailboxes get few such mails, whichever team invites: see mailboxes.
    """
    if not settings.EMAIL_CONFIGURED:
        return "No mail server is set."
    if not mailboxes.take_turn(invitation.email):
        until = mailboxes.wait_until(invitation.email)
        again = f" The next one can be sent from {dates.stamp(until)} on." if until else ""
        return f"{invitation.email} got a link or an invitation lately.{again}"
    team, by = mailboxes.plain(invitation.team.name), invitation.invited_by
    facts = {
        "team": team,
        "by": mailboxes.plain(by.username) if by else "",
        "role": Role(invitation.role).label.lower(),
        "expires_at": invitation.expires_at,
        "link": link(mailed_token(token)),
    }
    mail = EmailMultiAlternatives(
        subject=f"Join {team} on Plimsoll",
        body=render_to_string("email/invitation.txt", facts),
        to=[invitation.email],
    )
    mail.attach_alternative(render_to_string("email/invitation.html", facts), "text/html")
    try:
        automatic(mail).send()
    except (OSError, SMTPException, ValueError) as error:  # an address that no mail can go to
        mailboxes.give_turn_back(invitation.email)
        log.warning("An invitation could not be mailed: %s", error)
        return f"The mail server did not take it: {words(error, 'it')}"
    return ""


def _usable(email: str) -> str:
    """The address as accounts have it. Raises Refused."""
    try:
        return mail_addresses.usable(email).lower()
    except mail_addresses.Unmailable as error:
        raise Refused(str(error)) from None


def _use_up(invitation: Invitation) -> None:
    """Whoever deletes the row has it: of two at once, one finds none left."""
    row = Invitation.objects.filter(
        pk=invitation.pk, token_hash=invitation.token_hash, expires_at__gt=datetime.now(UTC)
    )
    gone, _ = row.delete()
    if not gone:
        raise Gone(GONE)


def _joined(invitation: Invitation, user: User) -> Membership:
    audit.record("invitation.accepted", team=invitation.team, detail={"role": invitation.role}, actor=user)
    return members.join(user, invitation.team, Role(invitation.role), actor=user)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _proof(token: str) -> str:
    return salted_hmac("plimsoll.invitation", token, algorithm="sha256").hexdigest()[:32]
