"""Moving an endpoint to another team, with its history, incidents, silences and maintenance."""

from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from teams import audit, quotas
from teams.models import Team

from ..models import Endpoint, EndpointState, MaintenanceWindow, Silence
from .state import update_boards


def move(endpoint: Endpoint, team: Team) -> None:
    """Makes it an endpoint of `team`: what is alerted from now on goes there.

    Raises ValidationError with a sentence where it can't be: there is one of this name or URL, the team is full, or it
    depends on another of its team, or that one on it.
    """
    with transaction.atomic():
        quotas.hold(team)
        if why := _wrong(endpoint, team):
            raise ValidationError(why)
        before = endpoint.team
        Endpoint.objects.filter(pk=endpoint.pk).update(team=team)
        for rules in (Silence.objects, MaintenanceWindow.objects):
            rules.filter(endpoint=endpoint.pk).update(team=team)
        now = datetime.now(UTC)
        EndpointState.objects.filter(pk=endpoint.pk).update(shown_at=now, regrouped_at=now)
        endpoint.team = team
        for about, detail in ((before, {"to": team.name}), (team, {"from": before.name})):
            audit.record("endpoint.moved", team=about, what=endpoint, detail=detail)
    update_boards(endpoint.pk)


def _wrong(endpoint: Endpoint, team: Team) -> str:
    theirs = Endpoint.objects.filter(team=team)
    if endpoint.team_id == team.pk:
        return f"It is an endpoint of {team} already."
    if theirs.filter(name__iexact=endpoint.name).exists():
        return f"{team} already has an endpoint named {endpoint.name}. Rename one of them first."
    if twin := theirs.filter(url=endpoint.url).first():
        return f"{twin.name} of {team} already watches this URL."
    if endpoint.depends_on or endpoint.dependents.exists():
        return f"It depends on another endpoint of {endpoint.team}, or that one on it. Change that first."
    return quotas.full("ENDPOINTS_PER_TEAM", theirs.count(), f"endpoints of {team}", "Remove one that nobody needs.")
