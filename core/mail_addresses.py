"""The one judge of email addresses: whether mails can be sent there, and how the address is written.

Every form, file, command and claim asks here. An address that passes can be put into a mail's head and into the talk
with a mail server as it is: it is ASCII, and its domain is written as the name servers have it.
"""

import re
from collections.abc import Iterable
from contextlib import suppress

import idna
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail.message import sanitize_address
from django.core.validators import validate_email

LONGEST = 254
"""Characters of an address as it is sent (RFC 5321, section 4.5.3.1.3, without the angle brackets)."""

LONGEST_LOCAL_PART = 64

_EXAMPLE = "Write it as name@example.org."


class Unmailable(ValueError):
    """No mail can be sent to this address: a sentence with the reason and what to do. `why` is the reason alone."""

    def __init__(self, text: str, why: str) -> None:
        shown = "".join(char if char.isprintable() else "\ufffd" for char in text)
        shown = shown if len(shown) <= 80 else f"{shown[:79]}…"
        super().__init__(f"“{shown}” is not an email address that can be used: {why}. {_EXAMPLE}")
        self.why = why


def usable(text: str) -> str:
    """The address in its normal form: without spaces around it, its domain in lower case and in ASCII (punycode).

    What stands before the @ is kept as it is, since its mail server may distinguish capitals; `same` does not. It has
    to be ASCII: other letters there need SMTPUTF8, which many mail servers lack and Django does not send. Quotes, IP
    addresses and encoded words are refused too: programs on the way read them differently. Raises Unmailable.
    """
    text = text.strip()
    name, at, domain = text.rpartition("@")
    if not text.isprintable():
        raise Unmailable(text, "it has a line break or another invisible character")
    if not at or not name or not domain:
        raise Unmailable(text, "a part before or after the @ is missing")
    if not name.isascii():
        raise Unmailable(text, "before the @ only letters without accents, digits and signs can be mailed to")
    if '"' in name or "=?" in name or len(name) > LONGEST_LOCAL_PART:
        raise Unmailable(text, f"before the @ there are quotes, “=?” or more than {LONGEST_LOCAL_PART} characters")
    address = f"{name}@{_domain(text, domain)}"
    if len(address) > LONGEST:
        raise Unmailable(text, f"it is longer than the {LONGEST} characters that an address may have")
    try:
        validate_email(address)
        as_sent = sanitize_address(address, "utf-8")
    except (ValidationError, ValueError):
        as_sent = ""
    if as_sent != address:
        raise Unmailable(text, "it has a character that no address has there")
    return address


def distinct(addresses: Iterable[str]) -> list[str]:
    """These addresses, each mailbox once, as it is spelled first."""
    found: dict[str, str] = {}
    for address in addresses:
        found.setdefault(address.lower(), address)
    return list(found.values())


def same(address: str) -> str:
    """What two spellings of one mailbox have in common, to compare stored addresses and typed ones by."""
    try:
        return usable(address).lower()
    except Unmailable:
        return address.strip().lower()


def sender(text: str) -> str:
    """An address that mails come from, alone or as `Name <name@example.org>`, with quotes where the name needs them.

    Raises Unmailable.
    """
    name, bracket, rest = text.strip().rpartition("<")
    if not bracket or not text.isprintable():
        return usable(text)
    if not rest.endswith(">"):
        raise Unmailable(text, "the bracket is not closed")
    name, address = name.strip(), usable(rest[:-1])
    for found in (f"{name} <{address}>".strip(), f'"{name}" <{address}>'):
        with suppress(ValueError):
            as_sent = sanitize_address(found, "utf-8")
            if as_sent not in (address, f"<{address}>") and not as_sent.endswith(f" <{address}>"):
                break  # half a quote has swallowed it
            return as_sent if found.isascii() and as_sent.isprintable() else found
        if re.search(r'["\\@<>]', name):  # more than one address, or half a quote
            break
    raise Unmailable(text, "the name before the bracket needs quotes")


def sender_domain() -> str:
    """The domain of MAIL_FROM in ASCII; "localhost" where MAIL_FROM can't be read."""
    try:
        return sanitize_address(settings.DEFAULT_FROM_EMAIL, "utf-8").rpartition("@")[2].rstrip(">")
    except ValueError:
        return "localhost"


def validate(text: str) -> None:
    """`usable` as a validator of Django: raises ValidationError."""
    try:
        usable(text)
    except Unmailable as error:
        raise ValidationError(str(error)) from None


def _domain(text: str, domain: str) -> str:
    if domain.startswith("["):
        raise Unmailable(text, "after the @ stands an IP address in place of a domain")
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError, IndexError):
        why = "its domain can't exist: a part is empty, too long or has characters that no domain has"
        raise Unmailable(text, why) from None
