"""Test messages: sent right away, and the answer is shown: a mail server's in its own words, others' in ours.

Each is a message of the outbox that is claimed from the start. If this process dies in between, the outbox sends
it; a test that was not taken is shown on the page and then forgotten.
"""

import logging
import smtplib
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from core import rate_limits
from core.mail_refusals import no_such_address, text, words
from core.mail_server import MailServer
from core.redaction import redact
from teams import audit
from teams.models import Team

from ..models import Alert, Channel, Message
from . import channels, claims, mails, recipients

log = logging.getLogger(__name__)

SECONDS = 10
"""For one test, however many addresses it goes to."""

A_TEAM, A_PERSON, STRETCH = 5, 10, 600
"""Tests per team and per person in a stretch of seconds: each may write to twenty addresses that never asked."""

REFUSED = (
    f"That is enough for now: {A_TEAM} tests per team and {A_PERSON} per person in {STRETCH // 60} minutes. "
    f"Nothing was sent. Try again in {STRETCH // 60} minutes."
)


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one test message."""

    taken: bool
    sentence: str


def allowed(user_pk: int, team_pk: int) -> bool:
    """Counts one more test by this person, for this team; False when it is one too many."""
    by_person = rate_limits.allowed(f"tests:person:{user_pk}", A_PERSON, STRETCH)
    return by_person and rate_limits.allowed(f"tests:team:{team_pk}", A_TEAM, STRETCH)


def mail(team: Team) -> list[Tried]:
    """A test mail to each address that the team's mails go to; stops where the server can't be reached."""
    if not settings.EMAIL_CONFIGURED:
        return [Tried(False, "No mail server is set (EMAIL_URL), so no mail can be sent.")]
    addresses = recipients.active(team)
    if not addresses:
        if team.mail_to:
            why = "Everyone on the team's list has unsubscribed or has not confirmed the address yet"
            return [Tried(False, f"{why}, so outages reach nobody by mail.")]
        return [Tried(False, "The team has no address that mails go to. Write one on the team's page.")]
    audit.record("alerting.tested", team=team, what=team, detail={"channel": "mail", "addresses": len(addresses)})
    server = MailServer(time.monotonic() + SECONDS, timeout=SECONDS)
    tried: list[Tried] = []
    try:
        server.open()
        for address in addresses:
            tried.append(_mail(team, address, server))
    except (OSError, smtplib.SMTPException, ValueError) as error:
        tried.append(Tried(False, _trouble(server, error)))
    finally:
        server.end()
    return tried


def call(team: Team, channel: Channel) -> Tried:
    """A test by another channel than mail."""
    audit.record("alerting.tested", team=team, what=team, detail={"channel": channel.value})
    message = _message(team, channel, channel.value)
    try:
        channels.send(message)
    except channels.NotTaken as error:
        message.delete()
        return Tried(False, str(error))
    except Exception:
        log.warning("A test could not be made or sent.", exc_info=True)
        message.delete()
        return Tried(False, "The test could not be made or sent. The log of Plimsoll has the reason.")
    _taken(message)
    return Tried(True, "The webhook took it." if channel is Channel.WEBHOOK else "The Apprise service took it.")


def _mail(team: Team, address: str, server: MailServer) -> Tried:
    """Raises what says that the server is away; a refusal is an answer."""
    message = _message(team, Channel.MAIL, address)
    try:
        if not server.send_messages([mails.mail(message)]):
            raise ValueError("it has no recipient")
    except smtplib.SMTPRecipientsRefused as error:
        message.delete()
        if no_such_address(*next(iter(error.recipients.values()))):
            recipients.bounced(team, address, words(error))
        return Tried(False, f"{address}: {words(error, _where())}")
    except smtplib.SMTPResponseException as error:
        message.delete()
        return Tried(False, f"{address}: {words(error, _where())}")
    except (OSError, smtplib.SMTPException):
        message.delete()
        raise
    except Exception as error:  # an odd address or sender: an answer as well
        log.warning("A test mail could not be made or sent.", exc_info=True)
        message.delete()
        server.end()
        return Tried(False, f"{address}: no mail can be made or sent to this address: {redact(str(error))}")
    _taken(message)
    recipients.clear_bounce(team, address)
    return Tried(True, f"{address}: {_where()} took it: {server.answer[0]} {text(server.answer[1])}")


def _message(team: Team, channel: Channel, recipient: str) -> Message:
    now = datetime.now(UTC)
    facts = {
        "subject": f"Test notification for {team.name}",
        "text": "Someone asked for this test on the team's page. If you can read it, outages will reach you too.",
        "path": reverse("alerting", args=[team.slug]),
        "link_text": f"Alert settings of {team.name}",
        "name": "Test",
        "team": team.name,
        "team_slug": team.slug,
    }
    same: dict[str, Any] = {"team": team, "channel": channel, "recipient": recipient, "created_at": now}
    with transaction.atomic():
        message = Message.objects.create(attempts=1, next_try_at=now + claims.LEASE, **same)
        Alert.objects.create(kind=Alert.Kind.TEST, key=f"test {uuid.uuid4()}", facts=facts, message=message, **same)
    return message


def _taken(message: Message) -> None:
    rows = Message.objects.filter(pk=message.pk)
    rows.update(state=Message.State.SENT, sent_at=datetime.now(UTC), next_try_at=None)


def _where() -> str:
    return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"


def _trouble(server: MailServer, error: Exception) -> str:
    if server.has_text:
        return f"{_where()} has the mail and did not answer within {SECONDS} s. It may arrive all the same."
    if time.monotonic() >= (server.ends or 0) - 0.1 or isinstance(error, TimeoutError):
        return f"{_where()} did not answer within {SECONDS} s."
    return words(error, _where())
