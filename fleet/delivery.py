"""Delivers what is in the outbox. At least once: an alert is marked sent after the server took it, never before."""

import logging
import random
import smtplib
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F

from . import alerts
from .models import Alert

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""How long a claimed alert is ours. A worker that dies in between loses the lease, not the mail."""

GIVE_UP_AFTER = timedelta(days=1)
BATCH = 50


def deliver() -> int:
    """Sends the alerts that are due, oldest first; returns how many were taken by the server."""
    due = Alert.objects.filter(next_try_at__lte=datetime.now(UTC), state=Alert.State.WAITING)
    batch = list(due.order_by("created_at", "pk").only("pk", "next_try_at")[:BATCH])
    if not batch:
        return 0
    server = get_connection()
    sent = 0
    try:
        for alert in batch:
            sent += _deliver_one(alert.pk, alert.next_try_at, server)
    except ServerAway as error:
        log.warning("%s; the rest of the outbox waits for the next sweep", error)
    finally:
        _close(server)
    return sent


class ServerAway(Exception):
    """The mail server can't be reached, so the next alert would wait for it in vain as well."""


def _deliver_one(pk: int, was_due: datetime | None, server: BaseEmailBackend) -> bool:
    # The condition makes the claim: whoever moves next_try_at first sends, the others find no row.
    claimed = Alert.objects.filter(pk=pk, next_try_at=was_due, state=Alert.State.WAITING).update(
        next_try_at=datetime.now(UTC) + LEASE, attempts=F("attempts") + 1
    )
    if not claimed:
        return False
    alert = Alert.objects.get(pk=pk)
    try:
        server.open()
        server.send_messages([message(alert)])
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
        return _put_off(alert, error)
    except (OSError, smtplib.SMTPException) as error:
        _put_off(alert, error)
        raise ServerAway(_words(error)) from error
    Alert.objects.filter(pk=pk).update(state=Alert.State.SENT, sent_at=datetime.now(UTC), next_try_at=None, error="")
    return True


def message(alert: Alert) -> EmailMultiAlternatives:
    """The mail of one alert. Its Message-ID is stable, and the mails about one thing form one thread."""
    domain = settings.DEFAULT_FROM_EMAIL.rsplit("@", 1)[-1].strip("<> ") or "localhost"
    about = f"incident-{alert.incident_id}" if alert.incident_id else f"note-{alert.pk}"
    thread = f"<{about}@{domain}>"
    mail = EmailMultiAlternatives(
        subject=alerts.subject(alert),
        body=alerts.render_text(alert),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[alert.recipient],
        headers={
            "Message-ID": f"<{about}-alert-{alert.pk}@{domain}>",
            "In-Reply-To": thread,
            "References": thread,
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.attach_alternative(alerts.render_html(alert), "text/html")
    return mail


def retry_after(attempts: int, random_share: float) -> timedelta:
    """How long to wait after so many attempts: 5 s doubling up to 15 min, and up to a quarter more by chance."""
    seconds = min(5 * 2 ** min(attempts - 1, 10), 900)
    return timedelta(seconds=seconds * (1 + random_share / 4))


def _put_off(alert: Alert, error: Exception) -> bool:
    now = datetime.now(UTC)
    given_up = now - alert.created_at > GIVE_UP_AFTER
    log.warning("mail to %s was not taken (try %d): %s", alert.recipient, alert.attempts, error)
    Alert.objects.filter(pk=alert.pk).update(
        state=Alert.State.GIVEN_UP if given_up else Alert.State.WAITING,
        next_try_at=None if given_up else now + retry_after(alert.attempts, random.random()),
        error=_words(error)[:500],
    )
    return False


def _words(error: Exception) -> str:
    """What the server answered, in words for the alerts page."""
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
