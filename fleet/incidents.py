"""Incidents follow the standing of an endpoint. Called inside the transaction that moved it."""

from datetime import UTC, datetime
from typing import Any

from . import alerts, causes
from .models import Alert, EndpointState, Incident, IncidentEvent
from .status import TROUBLE, Standing, Status


def follow(state: EndpointState, before: Standing, after: Standing, last_seen: dict[str, Any]) -> None:
    """Opens, updates or resolves the endpoint's incident, with its alerts, when its standing moved."""
    if after.status in TROUBLE and before.status not in TROUBLE:
        _open(state, after, last_seen)
    elif after.status in TROUBLE and (before.status, before.cause) != (after.status, after.cause):
        _turn(state, before, after)
    elif before.status in TROUBLE and after.status not in TROUBLE:
        _resolve(state, after)


def close_quietly(state: EndpointState, why: str) -> None:
    """Closes an open incident without a mail, because nobody looks any more: paused, for instance."""
    now = datetime.now(UTC)
    for incident in Incident.objects.filter(endpoint_id=state.endpoint_id, resolved_at=None):
        incident.resolved_at = now
        incident.save()
        _note(incident, now, why)


def _open(state: EndpointState, after: Standing, last_seen: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    incident = Incident.objects.create(
        endpoint_id=state.endpoint_id,
        status=after.status,
        cause=after.cause or "",
        step=after.step,
        detail=after.detail[:500],
        began_at=state.failing_since or now,
        opened_at=now,
        last_seen=last_seen,
    )
    _note(incident, incident.began_at, "First failed probe.")
    _note(incident, now, f"Held to be {after.status} after {after.failures} in a row. {_told(after)}")
    alerts.write(state.endpoint, incident, Alert.Kind(after.status.value))


def _turn(state: EndpointState, before: Standing, after: Standing) -> None:
    """The cause moved within the same stretch of trouble. From degraded to down is worth a mail of its own."""
    incident = Incident.objects.get(endpoint_id=state.endpoint_id, resolved_at=None)
    now = datetime.now(UTC)
    _note(incident, now, f"Now {after.status}. {_told(after)}")
    if before.status is Status.DEGRADED and after.status is Status.DOWN:
        incident.status, incident.cause = after.status, after.cause or ""
        incident.step, incident.detail = after.step, after.detail[:500]
        incident.save()
        alerts.write(state.endpoint, incident, Alert.Kind.DOWN)


def _resolve(state: EndpointState, after: Standing) -> None:
    now = datetime.now(UTC)
    incident = Incident.objects.get(endpoint_id=state.endpoint_id, resolved_at=None)
    incident.resolved_at = now
    incident.save()
    _note(incident, now, f"Resolved: {after.status} after {after.successes} good probes in a row.")
    alerts.write(state.endpoint, incident, Alert.Kind.RECOVERED)


def _told(standing: Standing) -> str:
    return causes.sentence(standing.cause or "", standing.detail, standing.step)


def _note(incident: Incident, at: datetime, text: str) -> None:
    IncidentEvent.objects.create(incident=incident, at=at, text=text[:600])
