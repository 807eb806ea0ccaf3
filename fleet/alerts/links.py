"""Signed links in mails: acknowledge what the mail is about, and get no more mail. What is in them can't be altered."""

from typing import Any

from django.core import signing
from django.urls import reverse

_ACKNOWLEDGE = "plimsoll.acknowledge"
_UNSUBSCRIBE = "plimsoll.unsubscribe"
ACKNOWLEDGE_WITHIN = 7 * 86_400
"""Seconds for which a mail's link can acknowledge. Getting no more mail has to be possible for ever."""


class LinkRefused(Exception):
    """A link that does nothing (any more): a sentence that says why and what to do, and the HTTP status."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.sentence, self.status = sentence, status


def acknowledge_path(incidents: int | list[int], recipient: str) -> str:
    """The path of the link that acknowledges these incidents (their numbers) in the name of the recipient."""
    numbers = [incidents] if isinstance(incidents, int) else sorted(incidents)
    token = signing.dumps([numbers, recipient], salt=_ACKNOWLEDGE, compress=True)
    return reverse("acknowledge-link", args=[token])


def unsubscribe_path(team_pk: int, address: str) -> str:
    """The path of the link that stops the team's mails to the address."""
    return reverse("unsubscribe", args=[signing.dumps([team_pk, address], salt=_UNSUBSCRIBE)])


def read_acknowledge(token: str) -> tuple[list[int], str]:
    """(numbers of incidents, recipient); raises LinkRefused for a link that was altered or is too old."""
    numbers, recipient = _read(token, _ACKNOWLEDGE, ACKNOWLEDGE_WITHIN)
    return numbers, recipient


def read_unsubscribe(token: str) -> tuple[int, str]:
    """(team, address); raises LinkRefused for a link that was altered."""
    team, address = _read(token, _UNSUBSCRIBE, None)
    return team, address


def _read(token: str, salt: str, max_age: int | None) -> Any:
    try:
        return signing.loads(token, salt=salt, max_age=max_age)
    except signing.SignatureExpired:
        reason = "This link is more than seven days old, so it does nothing any more. Sign in and open the incident."
        raise LinkRefused(reason, 410) from None
    except (signing.BadSignature, ValueError):
        reason = "This link is not as we wrote it: a part is missing or was changed. Copy the whole link from the mail."
        raise LinkRefused(reason, 404) from None
