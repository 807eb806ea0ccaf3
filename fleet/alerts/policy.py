"""How a team wants to be told, apart from the addresses that its mails go to."""

import secrets

from teams.models import Team

from ..models import AlertPolicy


def policy_of(team: Team) -> AlertPolicy:
    """The team's policy; the defaults, not stored, where it has set nothing."""
    return AlertPolicy.objects.filter(team=team).first() or AlertPolicy(team=team)


def save(policy: AlertPolicy) -> str:
    """Stores the policy. Returns the webhook's new secret when it has just got one, else "".

    The secret is made here and shown only once: who reads the page later can't sign in our name.
    """
    made = ""
    if policy.webhook_url and not policy.webhook_secret:
        policy.webhook_secret = made = secrets.token_urlsafe(32)
    if not policy.webhook_url:
        policy.webhook_secret = ""
    policy.save()
    return made
