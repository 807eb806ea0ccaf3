"""Moving endpoints to another team, with their history, incidents, silences and maintenance."""

from collections.abc import Sequence
from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from teams import audit, quotas
from teams.models import Team

from ..models import Endpoint, EndpointState, MaintenanceWindow, Silence
from .state import lock, update_boards


def move(endpoints: Sequence[Endpoint], team: Team) -> None:
    """Makes them endpoints of `team`: what is alerted from now on goes there.

    Raises ValidationError with a sentence where one can't be: there is one of this name or URL, the team is full, or it
    depends on another of its team, or that one on it.
    """
    with transaction.atomic():
        quotas.hold(team)
        pks = lock(endpoints)
        _demand_room(endpoints, team)
        Endpoint.objects.filter(pk__in=pks).update(team=team)
        for rules in (Silence.objects, MaintenanceWindow.objects):
            rules.filter(endpoint__in=pks).update(team=team)
        now = datetime.now(UTC)
        EndpointState.objects.filter(pk__in=pks).update(shown_at=now, regrouped_at=now)
        left = [audit.About(each.team, each, {"to": team.name}) for each in endpoints]
        came = [audit.About(team, each, {"from": each.team.name}) for each in endpoints]
        audit.record_each("endpoint.moved", left + came)
    update_boards(pks)


def _demand_room(endpoints: Sequence[Endpoint], team: Team) -> None:
    theirs = list(Endpoint.objects.filter(team=team).values_list("name", "url"))
    names, urls = {name.lower() for name, _ in theirs}, {url: name for name, url in theirs}
    needed = set(Endpoint.objects.filter(depends_on__in=endpoints).values_list("depends_on", flat=True))
    for there, endpoint in enumerate(endpoints, len(theirs)):
        if endpoint.team_id == team.pk:
            raise ValidationError(f"It is an endpoint of {team} already.")
        if endpoint.name.lower() in names:
            raise ValidationError(f"{team} already has an endpoint named {endpoint.name}. Rename one of them first.")
        if twin := urls.get(endpoint.url):
            raise ValidationError(f"{twin} of {team} already watches this URL.")
        if endpoint.depends_on_id or endpoint.pk in needed:
            raise ValidationError(
                f"It depends on another endpoint of {endpoint.team}, or that one on it. Change that first."
            )
        if why := quotas.full("ENDPOINTS_PER_TEAM", there, f"endpoints of {team}", "Remove one that nobody needs."):
            raise ValidationError(why)
        names.add(endpoint.name.lower())
        urls[endpoint.url] = endpoint.name
