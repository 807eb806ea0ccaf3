"""Signed links in mails: acknowledge what the mail tells of, and get no more mail. What is in them can't be altered."""

from typing import Any

from django.contrib.auth.models import User
from django.core import signing
from django.urls import reverse

from teams import audit
from teams.access import teams_of
from teams.models import Role, Team

from ..calm import actions
from ..models import Incident
from . import recipients

BY_LINK = "link in a mail"
"""How the audit trail calls this way."""

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
        said = "This link is more than seven days old, so it does nothing any more. Sign in and open the incident."
        raise LinkRefused(said, 410) from None
    except (signing.BadSignature, ValueError):
        said = "This link is not as we wrote it: a part is missing or was changed. Copy the whole link from the mail."
        raise LinkRefused(said, 404) from None


def unsubscribe(team_pk: int, address: str) -> Team:
    """Sends the address no more of the team's mail. Doing it again changes nothing."""
    team = team_of(team_pk)
    with audit.through(BY_LINK):
        recipients.unsubscribe(team, address)
    return team


def team_of(team_pk: int) -> Team:
    """The team that a link is about; raises LinkRefused when it is gone."""
    team = Team.objects.filter(pk=team_pk).first()
    if team is None:
        raise LinkRefused("The team that this mail came from was removed, so no more mail comes from it.", 410)
    return team


def incidents_of(numbers: list[int], user: User | None) -> list[Incident]:
    """The open ones of these incidents, for who uses the link; raises LinkRefused when there is nothing to do.

    Nobody has to be signed in: the link is proof enough. But who is signed in acts as themselves, and may not for
    other teams.
    """
    found = Incident.objects.filter(pk__in=numbers).select_related("endpoint__team").order_by("began_at", "pk")
    if user:
        mine = set(teams_of(user, Role.OPERATOR).values_list("pk", flat=True))
        if any(incident.endpoint.team_id not in mine for incident in found):
            who = f"You are signed in as {user.get_username()}, no operator of the team that this mail was sent to."
            raise LinkRefused(f"{who} Nothing was changed. An operator of the team can use this link.", 404)
    still_open = [incident for incident in found if incident.resolved_at is None]
    if not still_open:
        raise LinkRefused("What the mail was about is over: there is nothing left to acknowledge.", 410)
    return still_open


def acknowledge(incidents: list[Incident], by: str, text: str) -> None:
    """Acknowledges them for who uses the link. Raises ValidationError for a note that is too long."""
    with audit.through(BY_LINK):
        actions.acknowledge_all(incidents, by, text, trail=audit.whose(by))


def is_unsubscribed(team: Team, address: str) -> bool:
    """Whether the address gets no more of the team's mail already."""
    return recipients.known(team, address).filter(unsubscribed_at__isnull=False).exists()
