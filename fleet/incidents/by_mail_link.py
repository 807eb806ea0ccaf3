"""What the links in mails do, for whoever holds one: acknowledge incidents, and end a team's mails to an address."""

from datetime import datetime

from django.contrib.auth.models import User

from teams import audit
from teams.access import teams_of
from teams.models import Role, Team

from ..alerts import recipients
from ..alerts.links import LinkRefused
from ..models import Incident
from . import actions

BY_LINK = "link in a mail"
"""How the audit trail calls this way."""


def unsubscribe(team_pk: int, address: str) -> Team:
    """Sends the address no more of the team's mail. Doing it again changes nothing."""
    team = team_of(team_pk)
    with audit.acting_via(BY_LINK):
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


def acknowledge(incidents: list[Incident], by: str, text: str, until: datetime | None) -> None:
    """Acknowledges them for who uses the link, until then or until they are resolved.

    Raises ValidationError with a sentence for what can't be.
    """
    with audit.acting_via(BY_LINK):
        actions.acknowledge_all(incidents, by, text, until, trail=audit.subject_of(by))


def release(incidents: list[Incident], by: str) -> int:
    """Undoes `acknowledge`: those of them that are still acknowledged by who uses the link are not any more.

    Returns how many they were.
    """
    with audit.acting_via(BY_LINK):
        own = [each for each in incidents if each.is_acknowledged and each.acknowledged_by == by]
        return len(actions.unacknowledge_all(own, by, trail=audit.subject_of(by)))


def is_unsubscribed(team: Team, address: str) -> bool:
    """Whether the address gets no more of the team's mail already."""
    return recipients.known(team, address).filter(unsubscribed_at__isnull=False).exists()
