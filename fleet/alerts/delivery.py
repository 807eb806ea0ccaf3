"""Delivers the messages of the outbox. At least once: one is marked sent after it was taken, never before."""

import logging
import random
import smtplib
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import redis
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F

from config.addresses import absolute
from config.redaction import redact
from teams import audit

from ..models import Alert, Channel, Message
from ..watch import signs
from . import channels, gathering, links, recipients, wording

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=120)
"""How long a claimed message is ours. A worker that dies in between loses the lease, not the mail."""

GIVE_UP_AFTER = timedelta(days=1)
BATCH = 50
KNOWN_FOR = timedelta(days=2)
"""How long a message that was given up is told on every page. The alerts page has it for good."""

LATE = timedelta(minutes=5)
"""A mail that waits longer is told on every page."""

NO_SUCH_ADDRESS = (550, 551, 553)
"""SMTP's ways to say that a mailbox does not exist (RFC 5321, section 4.2.3)."""

_mailing, _calling = threading.Lock(), threading.Lock()


def deliver() -> int:
    """Gathers what is ready and sends the mails that are due; returns how many were taken by the server.

    One thread of a process at a time: a server that hangs must not take up the threads of all other work.
    """
    return _alone(_mailing, _deliver_mails)


def deliver_calls() -> int:
    """Sends what goes by other channels than mail; apart from the mails, so that neither waits for the other."""
    return _alone(_calling, _deliver_calls)


def _alone(lock: threading.Lock, work: Callable[[], int]) -> int:
    if not lock.acquire(blocking=False):
        return 0
    try:
        return work()
    finally:
        lock.release()


def _deliver_mails() -> int:
    gathering.gather()
    batch = _due(Message.objects.filter(channel=Channel.MAIL))
    if not batch:
        _say(trouble())
        return 0
    server = get_connection()
    sent, away = 0, ""
    try:
        for message in batch:
            sent += _try(message, lambda claimed: _mail(claimed, server))
    except ServerAway as error:
        away = str(error)
        log.warning("%s; the rest of the outbox waits for the next sweep", error)
    finally:
        _close(server)
    _say(away or trouble())
    return sent


def _deliver_calls() -> int:
    batch = _due(Message.objects.exclude(channel=Channel.MAIL))
    return sum(_try(message, _call) for message in batch)


def _due(messages) -> list[Message]:
    due = messages.filter(next_try_at__lte=datetime.now(UTC), state=Message.State.WAITING)
    return list(due.order_by("created_at", "pk").only("pk", "next_try_at")[:BATCH])


class ServerAway(Exception):
    """The mail server can't be reached, so the next mail would wait for it in vain as well."""


def _try(message: Message, send: Callable[[Message], bool]) -> bool:
    # The condition makes the claim: whoever moves next_try_at first sends, the others find no row.
    claimed = Message.objects.filter(pk=message.pk, next_try_at=message.next_try_at, state=Message.State.WAITING)
    if not claimed.update(next_try_at=datetime.now(UTC) + LEASE, attempts=F("attempts") + 1):
        return False
    message = Message.objects.select_related("team").get(pk=message.pk)
    if not send(message):
        return False
    Message.objects.filter(pk=message.pk).update(
        state=Message.State.SENT, sent_at=datetime.now(UTC), next_try_at=None, error=""
    )
    return True


def _mail(message: Message, server: BaseEmailBackend) -> bool:
    try:
        server.open()
        server.send_messages([mail(message)])
    except smtplib.SMTPRecipientsRefused as error:
        return _refused(message, error)
    except smtplib.SMTPResponseException as error:
        return _put_off(message, words(error))
    except (OSError, smtplib.SMTPException) as error:
        _put_off(message, words(error))
        raise ServerAway(words(error)) from error
    if message.team:
        recipients.worked(message.team, message.recipient)
    return True


def _refused(message: Message, error: smtplib.SMTPRecipientsRefused) -> bool:
    """An address that does not exist is marked and not tried again; any other refusal may pass."""
    code, _ = next(iter(error.recipients.values()))
    unknown = code in NO_SUCH_ADDRESS
    if unknown and message.team:
        recipients.bounced(message.team, message.recipient, words(error))
    return _put_off(message, words(error), final=unknown)


def _call(message: Message) -> bool:
    try:
        channels.send(message)
    except channels.NotTaken as error:
        return _put_off(message, str(error), final=error.final)
    return True


def mail(message: Message) -> EmailMultiAlternatives:
    """The mail of one message. Its Message-ID is stable, and the mails about one incident form one thread."""
    earlier = _earlier(message)
    headers = {"Message-ID": _message_id(message.pk), "Auto-Submitted": "auto-generated"}
    if earlier:
        headers |= {"In-Reply-To": earlier[-1], "References": " ".join(earlier)}
    if message.team_id:
        leave = absolute(links.unsubscribe_path(message.team_id, message.recipient))
        headers |= {"List-Unsubscribe": f"<{leave}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    found = EmailMultiAlternatives(
        subject=wording.subject(message),
        body=wording.render_text(message),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[message.recipient],
        headers=headers,
    )
    found.attach_alternative(wording.render_html(message), "text/html")
    return found


def _message_id(pk: int) -> str:
    domain = settings.DEFAULT_FROM_EMAIL.rsplit("@", 1)[-1].strip("<> ") or "localhost"
    return f"<message-{pk}@{domain}>"


def _earlier(message: Message) -> list[str]:
    """The Message-IDs of the mails to the same address about the same incidents, oldest first."""
    incidents = message.alerts.exclude(incident=None).values("incident")
    before = Alert.objects.filter(incident__in=incidents, recipient=message.recipient, message__lt=message.pk)
    numbers = before.filter(channel=Channel.MAIL).order_by("message_id").values_list("message_id", flat=True)
    return [_message_id(pk) for pk in list(dict.fromkeys(numbers))[-10:]]


def send_again(message: Message) -> None:
    """Tries a message that was given up once more, at the next sweep."""
    given_up = Message.objects.filter(pk=message.pk, state=Message.State.GIVEN_UP)
    by_mail = message.channel == Channel.MAIL
    detail = audit.whose(message.recipient) if by_mail else {"channel": message.channel}
    with transaction.atomic():
        if given_up.update(state=Message.State.WAITING, next_try_at=datetime.now(UTC)):
            name = f"message {message.pk}"
            audit.record("message.sent_again", team=message.team, what=message, name=name, detail=detail)


def retry_after(attempts: int, random_share: float) -> timedelta:
    """How long to wait after so many attempts: 5 s doubling up to 15 min, and up to a quarter more by chance."""
    seconds = min(5 * 2 ** min(attempts - 1, 10), 900)
    return timedelta(seconds=seconds * (1 + random_share / 4))


def _put_off(message: Message, why: str, final: bool = False) -> bool:
    now = datetime.now(UTC)
    given_up = final or now - message.created_at > GIVE_UP_AFTER
    log.warning("%s to %s was not taken (try %d): %s", message.channel, message.recipient, message.attempts, why)
    Message.objects.filter(pk=message.pk).update(
        state=Message.State.GIVEN_UP if given_up else Message.State.WAITING,
        next_try_at=None if given_up else now + retry_after(message.attempts, random.random()),
        error=why[:500],
    )
    return False


def trouble() -> str:
    """What is wrong with the outbox, in a sentence for every page; "" when nothing is."""
    now = datetime.now(UTC)
    lost = Message.objects.filter(state=Message.State.GIVEN_UP, created_at__gt=now - KNOWN_FOR).count()
    if lost:
        return f"{lost} of the last two days' messages could not be delivered: see the alerts page."
    late = Message.objects.filter(state=Message.State.WAITING, created_at__lt=now - LATE).order_by("created_at")
    oldest = late.values_list("created_at", "error").first()
    if oldest is None:
        return ""
    minutes = int((now - oldest[0]).total_seconds() // 60)
    return f"Mail has been waiting for {minutes} min. {oldest[1]}".strip()


def _say(sentence: str) -> None:
    try:
        signs.say("mail", sentence)
    except redis.RedisError:
        log.debug("the broker is away; /health/ready says so itself")


def words(error: Exception) -> str:
    """What the server answered, in words for the alerts page. Some servers repeat what they were given."""
    return redact(_words(error))


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return f"The mail server refused the address: {code} {_text(said)}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"The mail server answered: {error.smtp_code} {_text(error.smtp_error)}"
    return f"The mail server could not be reached: {error}"


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said


def _close(server: BaseEmailBackend) -> None:
    """Ends the connection; one that is already broken has nothing left to end."""
    try:
        server.close()
    except (OSError, smtplib.SMTPException):
        log.debug("closing the connection to the mail server failed", exc_info=True)
