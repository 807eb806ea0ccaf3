"""What every mail has that Plimsoll sends: it says that no person wrote it, and passes through any mail server."""

from email.charset import QP, Charset
from email.utils import make_msgid
from typing import TypeVar

from django.core.mail import EmailMessage

from . import mail_addresses

M = TypeVar("M", bound=EmailMessage)

SEVEN_BITS = Charset("utf-8")
SEVEN_BITS.body_encoding = QP
"""UTF-8 as quoted-printable: not every mail server offers 8BITMIME, and every one takes this."""


def automatic(mail: M, message_id: str = "") -> M:
    """The mail with these properties; without a Message-ID of its own it gets a random one in the sender's domain."""
    mail.encoding = SEVEN_BITS
    mail.extra_headers.setdefault("Message-ID", message_id or make_msgid(domain=mail_addresses.sender_domain()))
    mail.extra_headers["Auto-Submitted"] = "auto-generated"  # so that no vacation responder answers
    return mail
