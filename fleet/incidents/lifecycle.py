"""Incidents follow the standing of an endpoint. Called inside the transaction that moved it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.template.defaultfilters import pluralize

from ..alerts import outbox
from ..models import EndpointState, Incident
from ..verdict import causes
from ..verdict.monitor_blind import suspicious
from ..verdict.status import TROUBLE, Standing, Status
from . import root_cause

REOPEN_WITHIN = timedelta(minutes=15)
"""Trouble goes on with an incident that ended so lately when nobody was alerted of that end."""


def follow(state: EndpointState, before: Standing, after: Standing, last_seen: dict[str, Any]) -> None:
    """Opens, updates or resolves the endpoint's incident, with its alerts, when its standing moved.

    Queries nothing when it did not, unless the endpoint flaps: then an alert that was put off may be due by now.
    """
    now, flaps = datetime.now(UTC), state.flaps(datetime.now(UTC))
    was, trouble = before.status in TROUBLE, after.status in TROUBLE
    begins, ends = trouble and not was, was and not trouble
    turns = trouble and was and (before.status, before.cause) != (after.status, after.cause)
    if after.status is Status.UNKNOWN or not (begins or turns or ends or flaps):
        return  # while the monitor is blind, what is open stays open

    incident = _current(state)
    sentence = causes.sentence(after.cause or "", after.detail, after.step)
    worst = {"status": after.status, "cause": after.cause or "", "step": after.step, "detail": after.detail[:500]}
    worse = False
    opens = begins and (incident is None or incident.resolved_at is not None)
    if incident is None:
        if not begins:
            return
        worse, endpoint, began = True, state.endpoint, state.failing_since or now
        incident = Incident(endpoint=endpoint, began_at=began, opened_at=now, last_seen=last_seen, **worst)
        incident.save()
        probes = f"{endpoint.fail_after} of {endpoint.fail_of}" if endpoint.fail_of else f"{after.failures}"
        incident.note(began, "First failed probe.")
        plural = pluralize(endpoint.fail_of or after.failures)
        incident.note(now, f"{after.status.capitalize()} after {probes} failed probe{plural}. {sentence}")
    elif begins or turns or ends:
        if incident.resolved_at and not begins:
            return
        worse = after.status is Status.DOWN and incident.status != Status.DOWN
        if worse or (begins and after.status == incident.status):
            incident.status, incident.cause, incident.step, incident.detail = worst.values()
            incident.save(update_fields=worst)
        if ends:
            incident.end(now)
            good = f"{after.successes} good probes in a row" if after.successes > 1 else "1 good probe"
            incident.note(now, f"Resolved: {after.status} after {good}.")
        elif begins:
            over = ""
            if incident.resolved_at:
                incident.last_seen = last_seen
                incident.go_on(state.failing_since or now)
                over = " The acknowledgement ended with the outage before."
            incident.note(
                now, f"{after.status.capitalize()} again. {sentence}{over if incident.acknowledged_at else ''}"
            )
        else:
            incident.note(now, f"Now {after.status}. {sentence}")
    if opens and state.marks.get("maintenance"):  # so far: what follows is added by incidents.downtime
        incident.in_maintenance += now - incident.failing_since
        incident.save(update_fields=["in_maintenance"])
    if begins and flaps and not incident.flapping:
        incident.flapping = True
        incident.save(update_fields=["flapping"])
        lasting = f"{settings.FLAPPING_ALERT_AFTER / 60:g} min"
        incident.note(now, f"Flapping: it comes and goes. An outage, or its end, is alerted once it lasted {lasting}.")

    if begins or worse:
        root_cause.attribute(incident)
    outbox.write_alerts(incident, state)


def _current(state: EndpointState) -> Incident | None:
    """The endpoint's incident that people take for open. Its row is locked: the sweep may be writing about its end."""
    lately = Q(resolved_at=None) | Q(resolved_at__gt=datetime.now(UTC) - REOPEN_WITHIN)
    found = Incident.objects.unfinished().filter(lately, endpoint_id=state.endpoint_id)
    return found.select_for_update(of=("self",)).select_related("parent__endpoint").first()


def stop_watching(endpoints: Iterable[int], why: str, *, removed: bool = False, team_goes: bool = False) -> None:
    """Closes the incidents of endpoints (primary keys) that are not watched any more; `why` is a sentence.

    Whoever has a message about one of them, and none about its end, is alerted of that. `removed`: they are about to
    be deleted; `team_goes`: with their team.
    """
    # First the states, as a probe does that is being stored, so that neither waits for the other.
    pks = list(EndpointState.objects.filter(endpoint__in=list(endpoints)).locked().values_list("pk", flat=True))
    rows = Incident.objects.unfinished().filter(endpoint__in=pks)
    now = datetime.now(UTC)
    for incident in rows.select_for_update(of=("self",)).select_related("endpoint__team").order_by("pk"):
        outbox.write_unwatched(incident, why, removed=removed, team_goes=team_goes)
        incident.end(incident.resolved_at or now)
        incident.announced = Incident.Announced.CLOSED
        incident.save(update_fields=["announced"])
        incident.note(now, why)


def void(since: datetime, why: str) -> int:
    """Closes what was opened since then although the monitor was blind. Returns how many there were.

    Who has a message about one is alerted of its end with the first good probe.
    """
    now = datetime.now(UTC)
    opened = Incident.objects.open().filter(began_at__gte=since)
    rows = [each for each in opened if suspicious(each.cause, each.step)]
    for incident in rows:
        incident.end(now)
        outbox.drop(incident, why)
        incident.announced = incident.announced if outbox.has_message(incident) else Incident.Announced.CLOSED
        incident.save(update_fields=["announced"])
        incident.note(now, why)
    return len(rows)
