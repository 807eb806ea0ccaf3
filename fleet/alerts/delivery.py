"""Sends the mails of the outbox. At least once: one is marked sent after it was taken, never before.

What one message makes go wrong costs that message alone; what is the server's fault ends the sweep for all.
"""

import logging
import smtplib
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import redis
from django.conf import settings
from django.db import transaction

from config.redaction import redact
from core.fence import NOT_THE_ITEMS_FAULT
from teams import audit

from ..models import Channel, Message
from ..watch import signs
from . import claims, gathering, mails, recipients
from .claims import Try
from .condition import trouble
from .mail_server import NO_SUCH_ADDRESS, MailServer, words

log = logging.getLogger(__name__)

SWEEP_SECONDS, ENDS_AFTER = 40.0, 60.0
"""A sweep begins no mail after the first, and its connections end at the second: within a lease."""

SERVER_BACK_WITHIN = timedelta(seconds=30)
"""How often at least a mail server that is away is tried. It is one for all, so this burdens nobody."""

TOO_LARGE = 552
"""SMTP's answer to a mail that is larger than the server takes (RFC 1870)."""

FAILED = "The sweep that sends mails failed. It is tried again every two seconds; the log has why."

_mailing = threading.Lock()


def deliver() -> int:
    """Gathers what is ready and sends the mails that are due; returns how many were taken by the server.

    One thread of a process at a time: a server that hangs must not take up the threads of all other work.
    """
    if not _mailing.acquire(blocking=False):
        return 0
    state = FAILED
    try:
        try:
            gathering.gather()
        finally:
            sent, away = _send_due()
        state = away or trouble()
        return sent
    finally:
        _mailing.release()
        try:
            signs.say("mail", state)
        except redis.RedisError:
            log.debug("the broker is away; /health/ready says so itself")


class ServerAway(Exception):
    """The mail server can't be reached or takes nothing from us, so the next mail would fail as well."""


class Lost(Exception):
    """The connection ended in the middle of a mail."""


def _send_due() -> tuple[int, str]:
    """How many mails were taken, and what is wrong with the mail server."""
    batch = claims.due(claims.waiting().filter(channel=Channel.MAIL)) if settings.EMAIL_CONFIGURED else []
    if batch and (why := mails.trouble_with_sender()):
        return 0, why
    began = time.monotonic()
    server = MailServer(began + ENDS_AFTER, timeout=settings.EMAIL_TIMEOUT)
    sent, lost = 0, False
    try:
        for row in batch:
            if time.monotonic() - began > SWEEP_SECONDS or (message := claims.claim(row)) is None:
                continue
            try:
                sent += _send(message, server)
            except Lost as error:
                if lost:  # twice in one sweep is not the doing of one message
                    raise ServerAway(str(error)) from error
                lost = True
            except (ServerAway, *NOT_THE_ITEMS_FAULT):
                raise
            except Exception as error:
                if message.attempts == 1:
                    log.exception("Message %d could not be sent and is put off; the others go on.", message.pk)
                claims.put_off(message, f"This mail could not be made or sent: {redact(str(error))}", Try.OWN)
    except ServerAway as error:
        log.warning("%s; the rest of the outbox waits for the next sweep", error)
        return sent, str(error)
    finally:
        server.end()
    if sent:
        claims.reached_again(claims.waiting().filter(channel=Channel.MAIL))
    return sent, ""


def _send(message: Message, server: MailServer) -> bool:
    """Sends a claimed message; returns whether the server took it.

    Raises ServerAway, Lost, and what odd facts or addresses make it raise.
    """
    if not message.alerts.exists():
        claims.drop(message, "What it was about has been removed.")
        return False
    made = mails.mail(message)
    claims.let_go_of_database()
    try:
        server.open()
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise _away(message, error) from error
    server.before_text = partial(claims.leaving, message)
    taken = False
    try:
        taken = bool(server.send_messages([made]))
        if not taken:
            raise ValueError("it has no recipient")
    except claims.Stopping:
        return False
    except smtplib.SMTPRecipientsRefused as error:
        return _refused(message, error)
    except smtplib.SMTPSenderRefused as error:
        if error.smtp_code != TOO_LARGE:
            raise _away(message, error) from error
        claims.put_off(message, words(error), Try.OWN)
        return False
    except smtplib.SMTPResponseException as error:
        claims.put_off(message, words(error), Try.REFUSED)
        return False
    except (OSError, smtplib.SMTPException) as error:
        claims.put_off(message, words(error), Try.REFUSED)
        raise Lost(words(error)) from error
    finally:
        if not taken:  # who knows in which state the conversation is
            server.end()
    claims.sent(message)
    if message.team:
        recipients.worked(message.team, message.recipient)
    return True


def _away(message: Message, error: Exception) -> ServerAway:
    claims.put_off(message, words(error), Try.UNREACHED, at_most=SERVER_BACK_WITHIN)
    return ServerAway(words(error))


def _refused(message: Message, error: smtplib.SMTPRecipientsRefused) -> bool:
    """An address that does not exist is marked and not tried again; any other refusal may pass."""
    code, _ = next(iter(error.recipients.values()))
    unknown = code in NO_SUCH_ADDRESS
    if unknown and message.team:
        recipients.bounced(message.team, message.recipient, words(error))
    claims.put_off(message, words(error), Try.OWN, final=unknown)
    return False


def send_again(message: Message) -> None:
    """Tries a message that was given up once more, at the next sweep."""
    given_up = Message.objects.filter(pk=message.pk, state=Message.State.GIVEN_UP)
    by_mail = message.channel == Channel.MAIL
    detail = audit.whose(message.recipient) if by_mail else {"channel": message.channel}
    with transaction.atomic():
        if given_up.update(state=Message.State.WAITING, next_try_at=datetime.now(UTC)):
            name = f"message {message.pk}"
            audit.record("message.sent_again", team=message.team, what=message, name=name, detail=detail)
