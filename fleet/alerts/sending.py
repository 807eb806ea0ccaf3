"""One mail of the outbox and the mail server: what its answer means for this mail and for those behind it."""

import logging
import smtplib
import threading
from concurrent.futures import Future, wait
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.core.mail import EmailMessage

from core import mail_refusals
from core.mail_refusals import words
from core.mail_server import MailServer

from ..models import Channel, Message
from . import claims, mails, recipients
from .claims import Try

log = logging.getLogger(__name__)

SERVER_BACK_WITHIN = timedelta(seconds=30)
"""How often at least a mail server that is away is tried. It is one for all, so this burdens nobody."""

TEXT_LIMIT = 600.0
"""Seconds for the text of a mail and the answer to it (RFC 5321, 4.5.3.2.6). The sweep waits for EMAIL_TIMEOUT only;
the rest is waited for beside it, under a lease that is as long."""

UNANSWERED = 4
"""Mails at once that are waited for beside the sweep. It goes on when one of them is answered."""

_unanswered: set[Future[int]] = set()


class ServerAway(Exception):
    """The mail server can't be reached or takes nothing from us, so the next mail would fail as well."""


class Lost(Exception):
    """The connection ended in the middle of a mail."""


class Unanswered(Exception):
    """The server has the text and takes its time. Its connection is no longer the sweep's."""


def send(message: Message, server: MailServer) -> bool:
    """Sends a claimed message; returns whether the server took it.

    Raises ServerAway, Lost, Unanswered, and what odd facts or addresses make it raise.
    """
    if not message.alerts.exists():
        claims.drop(message, "What it was about has been removed.")
        return False
    if message.team and not recipients.willing(message.team, [message.recipient]):  # since it was written
        claims.drop(message, recipients.UNWANTED)
        return False
    made = mails.mail(message)
    claims.let_go_of_database()
    try:
        server.open()
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise _away(message, error) from error
    server.before_text = partial(claims.leaving, message)
    answer = _beside(server, made)
    while not wait([answer], settings.EMAIL_TIMEOUT).done:
        if server.has_text:
            _wait_beside(message, server, answer)
            raise Unanswered
    return _settle(message, server, answer)


def busy() -> str:
    """Why no further mail is begun: the server has not answered to UNANSWERED of them; "" when one may be."""
    waited = f"The mail server has {UNANSWERED} mails and has not answered for {settings.EMAIL_TIMEOUT:g} s and more."
    return waited if len(_unanswered) >= UNANSWERED else ""


def _beside(server: MailServer, mail: EmailMessage) -> Future[int]:
    """Sends the mail in a thread, which does not hold up the end of the process."""
    answer: Future[int] = Future()

    def work() -> None:
        try:
            answer.set_result(server.send_messages([mail]))
        except BaseException as error:  # whoever reads the answer raises it
            answer.set_exception(error)

    threading.Thread(target=work, name="mail", daemon=True).start()
    return answer


def _wait_beside(message: Message, server: MailServer, answer: Future[int]) -> None:
    why = "The mail server has the text and has not answered yet."
    claims.extend(message, timedelta(seconds=TEXT_LIMIT) + claims.LEASE, why)
    _unanswered.add(answer)

    def settle(_: Future[int]) -> None:
        try:
            _settle(message, server, answer)
        except (ServerAway, Lost) as error:
            log.warning("%s", error)
        finally:
            server.end()
            _unanswered.discard(answer)
            claims.let_go_of_database()

    answer.add_done_callback(settle)


def _settle(message: Message, server: MailServer, answer: Future[int]) -> bool:
    """Writes down what became of the message. Raises like `send`, and then the connection can't be used any more."""
    try:
        if not answer.result():
            raise ValueError("it has no recipient")
    except claims.Stopping:
        return False
    except smtplib.SMTPRecipientsRefused as error:
        return _refused(message, error)
    except smtplib.SMTPSenderRefused as error:
        if not mail_refusals.too_large(error.smtp_code, error.smtp_error):
            raise _away(message, error) from error
        claims.put_off(message, words(error), Try.OWN)
        return False
    except smtplib.SMTPResponseException as error:
        claims.put_off(message, words(error), Try.REFUSED)
        if error.smtp_code == mail_refusals.CLOSING:
            raise Lost(words(error)) from error
        return False
    except (OSError, smtplib.SMTPException) as error:
        claims.put_off(message, words(error), Try.REFUSED)
        raise Lost(words(error)) from error
    claims.sent(message)
    if message.team:
        recipients.clear_bounce(message.team, message.recipient)
    return True


def _away(message: Message, error: Exception) -> ServerAway:
    claims.put_off(message, words(error), Try.UNREACHED, at_most=SERVER_BACK_WITHIN)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        # Each waiting mail would sign in as well, one a sweep: servers lock an account for that.
        claims.unreached(claims.waiting().filter(channel=Channel.MAIL), SERVER_BACK_WITHIN)
    return ServerAway(words(error))


def _refused(message: Message, error: smtplib.SMTPRecipientsRefused) -> bool:
    """An address that does not exist is marked and not tried again; any other refusal may pass."""
    code, answer = next(iter(error.recipients.values()))
    unknown = mail_refusals.no_such_address(code, answer)
    if unknown and message.team:
        recipients.bounced(message.team, message.recipient, words(error))
    why = Try.REFUSED if mail_refusals.policy(code, answer) else Try.OWN
    claims.put_off(message, words(error), why, final=unknown)
    if code == mail_refusals.CLOSING:
        raise Lost(words(error)) from error
    return False
