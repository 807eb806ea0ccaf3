"""What a mailbox gets that did not ask for it: few mails, with nothing in them that the sender could misuse."""

import re
import time
from datetime import UTC, datetime

from django.core.cache import cache
from django.utils.crypto import salted_hmac

from core import mail_addresses

FIRST_PAUSE, PAUSE = 120, 3600
"""Seconds until the same mailbox gets another mail that it did not ask for, whichever team wants it to: after the first
one of a day, which may have got lost, and after each further one."""

_GOOGLE = ("gmail.com", "googlemail.com")


def take_turn(address: str) -> bool:
    """Whether a mail may go to the mailbox now; if so, no other may until `wait_until`."""
    turn, first = _turn(address), _first(address)
    seconds = PAUSE if cache.get(first) else FIRST_PAUSE
    if not cache.add(turn, time.time() + seconds, timeout=seconds):
        return False
    cache.set(first, 1, timeout=86_400)
    return True


def give_turn_back(address: str) -> None:
    """No mail went out, so there is nothing to wait for."""
    cache.delete(_turn(address))


def wait_until(address: str) -> datetime | None:
    """When the next mail may go to the mailbox; None where it may now."""
    until = cache.get(_turn(address)) or 0
    return datetime.fromtimestamp(until, UTC) if until > time.time() else None


def mailbox(address: str) -> str:
    """A hash that all addresses of one mailbox share: what stands behind a + leads there, and Google skips dots."""
    name, _, domain = mail_addresses.same(address).rpartition("@")
    name = name.partition("+")[0]
    if domain in _GOOGLE:
        name, domain = name.replace(".", ""), _GOOGLE[0]
    return salted_hmac("plimsoll.mailbox", f"{name}@{domain}", algorithm="sha256").hexdigest()[:32]


def plain(name: str) -> str:
    """A name that somebody chose without what mail programs make links of; 1 to 40 characters."""
    return " ".join(re.sub(r"[^\w &()'+-]", " ", name).split())[:40] or "unnamed"


def _turn(address: str) -> str:
    return f"unasked-mail:{mailbox(address)}"


def _first(address: str) -> str:
    return f"unasked-mail-today:{mailbox(address)}"
