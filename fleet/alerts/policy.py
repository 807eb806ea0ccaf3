"""A team's notifications, apart from the addresses that its mails go to."""

import secrets
from datetime import timedelta
from typing import Any

from django.db import transaction

from core.encryption import EncryptedTextField
from teams import audit, confirmations
from teams.models import Team

from ..models import AlertPolicy, Channel
from . import claims
from .due import Quiet, Rules


def policy_of(team: Team) -> AlertPolicy:
    """The team's policy; the defaults, not stored, where it has set nothing."""
    return AlertPolicy.objects.filter(team=team).first() or AlertPolicy(team=team)


def rules_of(policy: AlertPolicy) -> Rules:
    """When the team wants alerts, as alerts.due reads it. Quiet hours need both ends."""
    quiet = None
    if policy.quiet_from is not None and policy.quiet_to is not None:
        quiet = Quiet(policy.quiet_from, policy.quiet_to, policy.time_zone)
    return Rules(
        remind_every=timedelta(hours=policy.remind_every) if policy.remind_every else None,
        escalate_after=timedelta(minutes=policy.escalate_after) if policy.escalate_to else None,
        quiet=quiet,
    )


def save(policy: AlertPolicy) -> str:
    """Stores the policy. Returns the webhook's new secret when it has just got one, else "".

    The secret is made here and shown only once: who reads the page later can't sign in our name.
    """
    made = ""
    if policy.webhook_url and not policy.webhook_secret:
        policy.webhook_secret = made = secrets.token_urlsafe(32)
    if not policy.webhook_url:
        policy.webhook_secret = ""
    with transaction.atomic():
        listed = confirmations.listed(policy.team)
        before = _values(policy_of(policy.team))
        policy.save()
        # What could not be reached may be reached by now, or is not wanted any more.
        claims.reached_again(claims.waiting().filter(team=policy.team).exclude(channel=Channel.MAIL))
        confirmations.note_typed(policy.team, listed)
        if moved := audit.differences(before, _values(policy), _not_recorded()):
            audit.record("alerting.changed", team=policy.team, what=policy.team, detail=moved)
    return made


def _values(policy: AlertPolicy) -> dict[str, Any]:
    fields = [field for field in AlertPolicy._meta.concrete_fields if not field.primary_key and not field.is_relation]
    return {field.name: field.to_python(getattr(policy, field.name)) for field in fields}


def _not_recorded() -> list[str]:
    """Secrets, and addresses of people: the audit trail has only that they were changed."""
    secret = [field.name for field in AlertPolicy._meta.concrete_fields if isinstance(field, EncryptedTextField)]
    return [*secret, "escalate_to"]
