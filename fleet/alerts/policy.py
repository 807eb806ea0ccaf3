"""A team's notifications, apart from the addresses that its mails go to."""

import secrets
from typing import Any

from django.db import transaction

from core.encryption import EncryptedTextField
from teams import audit, confirmations
from teams.models import Team

from ..models import AlertPolicy, Channel
from . import claims


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
