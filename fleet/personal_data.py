"""What the fleet stores about people and teams: for export, and for their deletion."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model, Value
from django.db.models.functions import Replace

from core.models import PutOff
from teams import audit
from teams.accounts.personal_data import SOMEONE, Names, names_of, without
from teams.models import Team

from . import live
from .alerts.gathering import GATHERING
from .incidents import lifecycle
from .models import (
    Alert,
    AlertPolicy,
    Channel,
    Endpoint,
    EndpointState,
    Incident,
    IncidentEvent,
    MaintenanceWindow,
    Message,
    Observation,
    Recipient,
    SavedView,
    Silence,
    Trace,
)
from .muting import marks

OF_INCIDENT = "endpoint__team"
OF_LINE = "incident__endpoint__team"


def contribution(user: User) -> dict[str, Any]:
    """What the person did in the fleet, and the mails to their addresses."""
    names = names_of(user)
    lines = IncidentEvent.objects.filter(names.called("author", OF_LINE))
    taken = Incident.objects.filter(names.called("acknowledged_by", OF_INCIDENT))
    silences = Silence.objects.filter(created_by=user)
    planned = MaintenanceWindow.objects.filter(created_by=user)
    mails = Message.objects.filter(names.addressed("recipient"), channel=Channel.MAIL)
    refusals = Recipient.objects.filter(names.addressed("address"))
    return {
        "incident_lines": _rows(lines, "incident_id", "at", "text"),
        "acknowledged_incidents": _rows(taken, "id", "acknowledged_at", "acknowledged_note"),
        "paused_endpoints": _rows(Endpoint.objects.filter(paused_by=user), "team__name", "name", "paused_at"),
        "silences": _rows(silences, "team__name", "starts_at", "ends_at", "reason"),
        "maintenance_windows": _rows(planned, "team__name", "name", "starts_at", "minutes", "repeats"),
        "saved_views": _rows(SavedView.objects.filter(owner=user), "name", "query"),
        "mails": _rows(mails, "team__name", "recipient", "created_at", "state", "sent_at"),
        "unsubscribed_or_refused": _rows(
            refusals, "team__name", "address", "unsubscribed_at", "bounced_at", "bounce", "only_tags"
        ),
    }


def erase(names: Names) -> None:
    """Takes the person's name out of incidents, and their addresses off the lists. Mails to them are deleted."""
    taken = Incident.objects.filter(names.called("acknowledged_by", OF_INCIDENT))
    shown = list(taken.open().values_list("endpoint_id", flat=True))
    taken.update(acknowledged_by=SOMEONE)
    IncidentEvent.objects.filter(names.called("author", OF_LINE)).update(author=SOMEONE)
    for name in names.names:
        _erase_from_sentences(f" by {name}.", f" by {SOMEONE}.")
    if shown:
        marks.refresh(shown)  # the board's rows name who is on it
    for policy in AlertPolicy.objects.only("escalate_to"):
        kept = without(policy.escalate_to, names.in_team(policy.pk))
        if kept != policy.escalate_to:
            AlertPolicy.objects.filter(pk=policy.pk).update(escalate_to=kept)
    Recipient.objects.filter(names.addressed("address")).delete()
    Alert.objects.filter(names.addressed("recipient"), channel=Channel.MAIL).delete()
    Message.objects.filter(names.addressed("recipient"), channel=Channel.MAIL).delete()
    for address in names.addresses:
        PutOff.objects.filter(sweep=GATHERING, name__iexact=f"alerts to {address}").delete()


def _erase_from_sentences(by: str, instead: str) -> None:
    """Changes how a sentence of `audit.done` ends, wherever it is kept: in the timeline and in alerts of its end."""
    for rows, field in (
        (IncidentEvent.objects.filter(author=""), "text"),
        (Alert.objects.all(), "dropped"),
        (Message.objects.all(), "error"),
    ):
        rows.filter(**{f"{field}__endswith": by}).update(**{field: Replace(field, Value(by), Value(instead))})
    for alert in Alert.objects.filter(facts__why__endswith=by):
        Alert.objects.filter(pk=alert.pk).update(facts=alert.facts | {"why": alert.facts["why"].replace(by, instead)})


def count_cascade(team: Team) -> dict[type[Model], int]:
    """What goes with the team's endpoints."""
    return {Incident: Incident.objects.filter(endpoint__team=team).count()}


def before_deletion(team: Team) -> None:
    """Probes that are under way find no row to store into; then the history goes without being loaded."""
    mine = Endpoint.objects.filter(team=team)
    pks = list(EndpointState.objects.filter(endpoint__in=mine).locked().values_list("pk", flat=True))
    lifecycle.stop_watching(pks, audit.done("Its team was deleted"), removed=True, team_goes=True)
    Trace.objects.filter(observation__endpoint__in=pks)._raw_delete("default")
    Observation.objects.filter(endpoint__in=pks)._raw_delete("default")
    transaction.on_commit(lambda: live.publish(pks))


def _rows(rows: Any, *names: str) -> list[dict[str, Any]]:
    return list(rows.values(*names))
