"""Sends the mails of the outbox. At least once: one is marked sent after it was taken, never before.

What one message makes go wrong costs that message alone; what is the server's fault ends the sweep for all.
"""

import logging
import threading
import time
from datetime import UTC, datetime

import redis
from django.conf import settings
from django.db import transaction

from core import prepared, signs_of_life
from core.fence import NOT_THE_ITEMS_FAULT
from core.mail_server import MailServer
from core.redaction import redact
from teams import audit

from ..models import Channel, Message
from . import claims, gathering, mails, sending
from .claims import Try
from .condition import trouble
from .sending import Lost, ServerAway, Unanswered

log = logging.getLogger(__name__)

SWEEP_SECONDS, ENDS_AFTER = 40.0, 60.0
"""A sweep begins no mail after the first, and its connections end at the second: within a lease."""

FAILED = "The sweep that sends mails failed. It is tried again every two seconds; the log has why."

_mailing = threading.Lock()
_any_left = prepared.exist(lambda: [gathering.ungathered(), claims.waiting().filter(channel=Channel.MAIL)])


def deliver() -> int:
    """Gathers what is ready and sends the mails that are due; returns how many were taken by the server.

    One thread of a process at a time: a server that hangs must not take up the threads of all other work.
    """
    if not _mailing.acquire(blocking=False):
        return 0
    state = FAILED
    try:
        if not any(_any_left()):
            state = ""
            return 0
        try:
            gathering.gather()
        finally:
            sent, away = _send_due()
        state = away or trouble()
        return sent
    finally:
        _mailing.release()
        try:
            signs_of_life.set_trouble("mail", state)
        except redis.RedisError:
            log.debug("the broker is away; /health/ready says so itself")


def _send_due() -> tuple[int, str]:
    """How many mails were taken, and what is wrong with the mail server."""
    batch = claims.due(claims.waiting().filter(channel=Channel.MAIL)) if settings.EMAIL_CONFIGURED else []
    if batch and (why := mails.trouble_with_sender()):
        return 0, why
    began = time.monotonic()
    server = MailServer(began + ENDS_AFTER, sending.TEXT_LIMIT)
    sent, lost = 0, False
    try:
        for row in batch:
            if why := sending.busy():
                raise ServerAway(why)
            if time.monotonic() - began > SWEEP_SECONDS or (message := claims.claim(row)) is None:
                continue
            try:
                sent += sending.send(message, server)
            except Unanswered:
                server = MailServer(began + ENDS_AFTER, sending.TEXT_LIMIT)
            except Lost as error:
                server.end()
                if lost:  # twice in one sweep is not the doing of one message
                    raise ServerAway(str(error)) from error
                lost = True
            except (ServerAway, *NOT_THE_ITEMS_FAULT):
                raise
            except Exception as error:
                server.end()  # who knows in which state the conversation is
                if message.attempts == 1:
                    log.exception("Message %d could not be sent and is put off; the others go on.", message.pk)
                claims.put_off(message, f"This mail could not be made or sent: {redact(str(error))}", Try.OWN)
    except ServerAway as error:
        log.warning("The rest of the outbox waits for the next sweep. %s", error)
        return sent, str(error)
    finally:
        server.end()
    if sent:
        claims.reached_again(claims.waiting().filter(channel=Channel.MAIL))
    return sent, ""


def send_again(message: Message) -> None:
    """Tries a message that was given up once more, at the next sweep."""
    given_up = Message.objects.filter(pk=message.pk, state=Message.State.GIVEN_UP)
    by_mail = message.channel == Channel.MAIL
    detail = audit.subject_of(message.recipient) if by_mail else {"channel": message.channel}
    with transaction.atomic():
        if given_up.update(state=Message.State.WAITING, next_try_at=datetime.now(UTC)):
            name = f"message {message.pk}"
            audit.record("message.sent_again", team=message.team, what=message, name=name, detail=detail)
