"""What a team and its endpoints are judged by: stored in one way, with an entry in the audit trail."""

from collections.abc import Collection
from typing import Any

from django.db import models, transaction

from teams import audit
from teams.models import Team

from ..models import AlertPolicy, Endpoint, EndpointLoad, LoadVerdict, TeamLoad


def of_team(team: Team) -> TeamLoad:
    """The team's settings; the defaults, not stored, where it has set nothing."""
    return of_teams([team.pk])[team.pk]


def of_teams(teams: Collection[int]) -> dict[int, TeamLoad]:
    """Those of each team, by its primary key. Where it has set nothing, office hours are in the zone of its alerts."""
    zones = dict(AlertPolicy.objects.filter(team__in=teams).values_list("team", "time_zone"))
    stored = {each.team_id: each for each in TeamLoad.objects.filter(team__in=teams)}
    return {pk: stored.get(pk) or TeamLoad(team_id=pk, zone=zones.get(pk, "UTC")) for pk in teams}


def of_endpoint(endpoint: Endpoint) -> EndpointLoad:
    """The endpoint's settings; the defaults, not stored, where nothing was set."""
    return EndpointLoad.objects.filter(endpoint=endpoint).first() or EndpointLoad(endpoint=endpoint)


def save_team(changed: TeamLoad) -> None:
    """Stores the team's settings; its endpoints are judged by them from the next judgement on."""
    with transaction.atomic():
        before = values(of_team(changed.team))
        changed.save()
        if moved := audit.differences(before, values(changed)):
            audit.record("load.changed", team=changed.team, what=changed.team, detail=moved)
            _judge_afresh(LoadVerdict.objects.filter(endpoint__team=changed.team))


def save_endpoint(changed: EndpointLoad) -> None:
    """Stores the endpoint's settings."""
    endpoint = changed.endpoint
    with transaction.atomic():
        before = values(of_endpoint(endpoint))
        changed.save()
        if moved := audit.differences(before, values(changed)):
            audit.record("endpoint.load_changed", team=endpoint.team, what=endpoint, detail=moved)
            _judge_afresh(endpoint.load_verdicts.all())


def _judge_afresh(verdicts: models.QuerySet[LoadVerdict]) -> None:
    """What was found by other settings keeps no lighter verdict waiting: fleet.evidence.damping."""
    verdicts.filter(until=None).update(recent=[])


def values(row: models.Model) -> dict[str, Any]:
    """All that was set, by name."""
    fields = [field for field in row._meta.concrete_fields if not field.primary_key]
    return {field.name: getattr(row, field.name) for field in fields}
