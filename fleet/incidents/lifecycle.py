"""Incidents follow the standing of an endpoint. Called inside the transaction that moved it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q

from ..alerts import outbox
from ..models import EndpointState, Incident
from ..verdict import causes
from ..verdict.monitor_blind import suspicious
from ..verdict.status import TROUBLE, Standing, Status
from . import root_cause

REOPEN_WITHIN = timedelta(minutes=15)
"""Trouble goes on with an incident that ended so lately when nobody was alerted of that end."""

_WORSE = ("status", "cause", "step", "detail")


def follow(state: EndpointState, before: Standing, after: Standing, last_seen: dict[str, Any]) -> None:
    """Opens, updates or resolves the endpoint's incident, with its alerts, when its standing moved."""
    if after.status is Status.UNKNOWN:
        return  # the monitor was blind: what was open stays open
    if after.status in TROUBLE and before.status not in TROUBLE:
        _begin(state, after, last_seen)
    elif after.status in TROUBLE and (before.status, before.cause) != (after.status, after.cause):
        _turn(state, after)
    elif after.status not in TROUBLE and before.status in TROUBLE:
        _end(state, after)
    elif state.flaps(datetime.now(UTC)) and (incident := _unfinished(state)):
        outbox.write_alerts(incident, state)  # by now it may have lasted long enough


def stop_watching(endpoints: Iterable[int], why: str, *, team_goes: bool = False) -> None:
    """Closes the incidents of endpoints (primary keys) that are not watched any more; `why` is a sentence.

    Whoever has a message about one of them, and none about its end, is alerted of that. `team_goes`: their team is
    about to be deleted.
    """
    # First the states, as a probe does that is being stored, so that neither waits for the other.
    pks = list(
        EndpointState.objects.select_for_update().filter(endpoint__in=list(endpoints)).values_list("pk", flat=True)
    )
    rows = Incident.objects.unfinished().filter(endpoint__in=pks)
    now = datetime.now(UTC)
    for incident in rows.select_for_update(of=("self",)).select_related("endpoint__team").order_by("pk"):
        outbox.write_unwatched(incident, why, team_goes=team_goes)
        incident.resolved_at = incident.resolved_at or now
        incident.announced = Incident.Announced.CLOSED
        incident.save(update_fields=["resolved_at", "announced"])
        incident.note(now, why)


def void(since: datetime, why: str) -> int:
    """Closes what was opened since then although the monitor was blind. Returns how many there were.

    Who has a message about one is alerted of its end with the first good probe.
    """
    now = datetime.now(UTC)
    opened = Incident.objects.open().filter(began_at__gte=since)
    rows = [each for each in opened if suspicious(each.cause, each.step)]
    for incident in rows:
        incident.resolved_at = now
        outbox.drop(incident, why)
        incident.announced = incident.announced if outbox.has_message(incident) else Incident.Announced.CLOSED
        incident.save(update_fields=["resolved_at", "announced"])
        incident.note(now, why)
    return len(rows)


def _begin(state: EndpointState, after: Standing, last_seen: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    incident = _unfinished(state)
    if incident is None:
        incident = _open(state, after, last_seen)
    else:
        incident.resolved_at = None
        _worsen(incident, after)
        incident.save(update_fields=["resolved_at", *_WORSE])
        incident.note(now, f"Again {after.status}. {_describe(after)}")
    _find_cause(incident)
    if state.flaps(now) and not incident.flapping:
        incident.flapping = True
        incident.save(update_fields=["flapping"])
        lasting = f"{settings.FLAPPING_ALERT_AFTER / 60:g} min"
        incident.note(now, f"Flapping: it comes and goes. An outage, or its end, is alerted once it lasted {lasting}.")
    outbox.write_alerts(incident, state)


def _unfinished(state: EndpointState) -> Incident | None:
    """The endpoint's incident that people take for open. Its row is locked: the sweep may be writing about its end."""
    lately = Q(resolved_at=None) | Q(resolved_at__gt=datetime.now(UTC) - REOPEN_WITHIN)
    found = Incident.objects.unfinished().filter(lately, endpoint_id=state.endpoint_id)
    return found.select_for_update(of=("self",)).select_related("parent__endpoint").first()


def _open(state: EndpointState, after: Standing, last_seen: dict[str, Any]) -> Incident:
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
    incident.note(incident.began_at, "First failed probe.")
    probes = (
        f"{state.endpoint.fail_after} of {state.endpoint.fail_of}" if state.endpoint.fail_of else f"{after.failures}"
    )
    incident.note(now, f"{after.status.capitalize()} after {probes} failed probes. {_describe(after)}")
    return incident


def _find_cause(incident: Incident) -> None:
    """Puts the incident down to another one, and others down to it if it is down."""
    alone = incident.parent is None or incident.parent.resolved_at is not None
    if alone and (cause := root_cause.cause_of(incident)):
        _put_down_to(incident, cause)
    if incident.status == Status.DOWN:
        for other in root_cause.adopt(incident):
            _put_down_to(other, incident.parent or incident)


def depend_again(endpoint_id: int) -> None:
    """Puts the endpoint's open incident down to what it depends on now, or to nothing: then it is alerted by itself."""
    incident = Incident.objects.open().select_for_update().filter(endpoint=endpoint_id).first()
    if incident:
        incident.parent = None
        incident.save(update_fields=["parent"])
        _find_cause(incident)


def _put_down_to(incident: Incident, parent: Incident) -> None:
    """What is in no message yet is not sent. Should it be needed after all, it is written in another round."""
    incident.parent = parent
    if outbox.drop(incident, f"caused by {parent.endpoint}"):
        incident.announced = outbox.last_kind(incident)
        incident.round += 1
    incident.save(update_fields=["parent", "announced", "round"])
    incident.children.open().update(parent=parent)
    incident.note(datetime.now(UTC), f"Caused by {parent.endpoint}: nobody is alerted of this one as well.")


def _turn(state: EndpointState, after: Standing) -> None:
    """The cause moved within the same stretch of trouble. From degraded to down is worth a mail of its own."""
    incident = _open_one(state)
    if incident is None:
        return
    incident.note(datetime.now(UTC), f"Now {after.status}. {_describe(after)}")
    if _worsen(incident, after):
        incident.save(update_fields=_WORSE)
        _find_cause(incident)
        outbox.write_alerts(incident, state)


def _worsen(incident: Incident, after: Standing) -> bool:
    """Takes over the standing when it is worse than what the incident came to so far."""
    if incident.status == Status.DOWN or after.status is not Status.DOWN:
        return False
    incident.status, incident.cause = after.status, after.cause or ""
    incident.step, incident.detail = after.step, after.detail[:500]
    return True


def _end(state: EndpointState, after: Standing) -> None:
    incident = _open_one(state)
    if incident is None:
        return
    now = datetime.now(UTC)
    incident.resolved_at = now
    incident.save(update_fields=["resolved_at"])
    incident.note(now, f"Resolved: {after.status} after {after.successes} good probes in a row.")
    outbox.write_alerts(incident, state)


def _open_one(state: EndpointState) -> Incident | None:
    return Incident.objects.open().filter(endpoint_id=state.endpoint_id).select_related("parent").first()


def _describe(standing: Standing) -> str:
    return causes.sentence(standing.cause or "", standing.detail, standing.step)
