"""Trouble that waits for the reader, for the icon of every page."""

from django.contrib.auth.models import User

from ..models import EndpointState
from ..verdict.status import TROUBLE
from .order import KNOWN


def waits_for(user: User) -> bool:
    """Whether an endpoint of the person's own teams is down or degraded, and nobody acknowledged or muted it."""
    failing = EndpointState.objects.filter(status__in=TROUBLE, endpoint__team__memberships__user=user)
    return failing.exclude(KNOWN).exists()
