"""What a mail server's refusal means, by its enhanced status code (RFC 3463), and its words for pages and logs."""

import re
import smtplib
import ssl

from django.conf import settings

from .redaction import redact

NO_SUCH_ADDRESS = (550, 551, 553)
"""SMTP's ways to say that a mailbox does not exist (RFC 5321, section 4.2.3), where no enhanced code says otherwise."""

TOO_LARGE = (552, 523)
"""SMTP's answers to a mail that is larger than the server takes (RFC 1870, and in place of 5.2.3)."""

CLOSING = 421
"""The server ends the connection: too many of them, too many mails, or it shuts down."""

NEEDS_TLS = (530, 538)

SENDERS = ((5, 1, 7), (5, 1, 8))
"""Enhanced codes about the address of the sender."""

ENHANCED = re.compile(rb"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\d|\.\d)")


def enhanced(answer: bytes | str) -> tuple[int, int, int] | None:
    """The enhanced status code in an answer, as (5, 1, 1); None without one. Some servers have it in brackets."""
    found = ENHANCED.search(answer if isinstance(answer, bytes) else answer.encode())
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def no_such_address(code: int, answer: bytes | str) -> bool:
    """Whether the answer to a recipient says that there is no such address, so that no other try will help.

    5.1.7 and 5.1.8 are about the sender, and 5.7.x (relaying, block lists, policy) about the mail server or us.
    """
    if code // 100 != 5:
        return False
    status = enhanced(answer)
    return code in NO_SUCH_ADDRESS if status is None else status[:2] == (5, 1) and status not in SENDERS


def policy(code: int, answer: bytes | str) -> bool:
    """Whether the answer to a recipient is a rule or a limit of the server that may well refuse all our mails."""
    status = enhanced(answer) if code // 100 == 5 else None
    return code == CLOSING or (status is not None and (status[:2] == (5, 7) or status in SENDERS))


def too_large(code: int, answer: bytes | str) -> bool:
    """Whether the mail was refused for its size alone."""
    return code in TOO_LARGE or (enhanced(answer) or ())[1:] in ((3, 4), (2, 3))


def words(error: Exception, server: str = "The mail server") -> str:
    """What the server answered, and what to do, for the alerts page. Some servers repeat what they were given."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, answer = next(iter(error.recipients.values()))
        return f"{server} refused the address: {code} {text(answer)}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{server} answered: {error.smtp_code} {text(error.smtp_error)}{_advice(error)}"
    if isinstance(error, smtplib.SMTPNotSupportedError) and "STARTTLS" in str(error):
        return f"{server} offers no STARTTLS. Use smtp+ssl:// in EMAIL_URL where it has TLS from the start (port 465)."
    if isinstance(error, smtplib.SMTPNotSupportedError) and "AUTH" in str(error):
        return f"{server} offers no way to sign in on this connection. {_where_to_sign_in()}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{server} has no certificate that this machine believes: {error.verify_message}."
    if isinstance(error, ssl.SSLError):
        return f"{server} speaks no TLS there ({error.reason}). Use smtp+tls:// in EMAIL_URL where it has STARTTLS."
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return redact(f"{server} broke off: {error}")
    if isinstance(error, smtplib.SMTPException):
        return redact(f"{server} and Plimsoll have no way to sign in in common: {error}")
    if isinstance(error, OSError):
        return redact(f"{server} could not be reached: {error}")
    return redact(f"No mail could be made or sent: {error}")


def text(answer: bytes | str) -> str:
    """An answer of the server on one line, at most 300 characters, without our secrets."""
    return redact(" ".join((answer.decode(errors="replace") if isinstance(answer, bytes) else answer).split()))[:300]


def _advice(error: smtplib.SMTPResponseException) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError) and error.smtp_code not in NEEDS_TLS:
        return ". Check the user and the password in EMAIL_URL."
    if error.smtp_code not in NEEDS_TLS:
        return ""
    return f". {_where_to_sign_in()}"


def _where_to_sign_in() -> str:
    if not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL):
        return "Use smtp+tls:// in EMAIL_URL for STARTTLS (port 587), or smtp+ssl:// (port 465)."
    return "Check whether EMAIL_URL needs a user and a password, and the port for sending (587 or 465)."
