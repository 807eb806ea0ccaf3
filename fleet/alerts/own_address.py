"""Whether a person gets the mails of their teams at the address of their account."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from core.mail_addresses import same
from teams import audit, quotas
from teams.models import Team
from teams.refusals import Refused

from . import recipients
from .reach import Reach


@dataclass(frozen=True, slots=True)
class OwnMail:
    """A team of the person, and whether its mails go to their address."""

    team: Team
    on: bool
    only_escalations: bool
    reach: Reach  # of the team, by all of its ways


def listed(user: User) -> list[OwnMail]:
    """One for each team that the person is a member of."""
    found = []
    teams = list(Team.objects.filter(memberships__user=user).select_related("alert_policy"))
    reach = recipients.reach(teams)
    for team in teams:
        policy = getattr(team, "alert_policy", None)
        alerted = _has(team.mail_to, user)
        escalated = policy is not None and _has(policy.escalate_to, user)
        on = (alerted or escalated) and not recipients.known(team, user.email).exclude(unsubscribed_at=None).exists()
        found.append(OwnMail(team, on, on and not alerted, reach[team.pk]))
    return found


def switch_on(user: User, team: Team) -> None:
    """The team's mails go to the person's address, which has to be confirmed. Raises Refused when its list is full."""
    with transaction.atomic():
        quotas.hold(team)
        mail_to = Team.objects.get(pk=team.pk).mail_to
        if not _has(mail_to, user):
            instead = "Ask an owner to take one off, or to use a mailing list."
            if why := quotas.full("ADDRESSES_PER_TEAM", len(mail_to), f"addresses of {team}", instead):
                raise Refused(why)
            Team.objects.filter(pk=team.pk).update(mail_to=[*mail_to, user.email])
            audit.record("team.changed", team=team, what=team, detail={"changed": ["mail_to"]}, actor=user)
        recipients.subscribe(team, user.email)


def switch_off(user: User, team: Team) -> None:
    """No more mail of the team to the person's address; on its list it stands as unsubscribed, for owners to see."""
    recipients.unsubscribe(team, user.email)


def _has(addresses: list[str], user: User) -> bool:
    return same(user.email) in map(same, addresses)
