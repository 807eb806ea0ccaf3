"""The sweep that makes the alerts right again whatever was missed: reminders, escalations, ends of silences.

Nothing here depends on having been called at the right moment; a stop of an hour only makes it later.
"""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from ..incidents import note
from ..models import EndpointState, Incident
from ..status import TROUBLE, Status
from . import outbox

OF_LATE = timedelta(days=1)
"""How long after its end an incident's recovery is still worth telling."""


def sweep() -> int:
    """Tells what is to be told about every incident that is open or not told to its end; returns how many moved."""
    now = datetime.now(UTC)
    _end_what_holds_still(now)
    return sum(bool(_tell(pk)) for pk in _unfinished(now).values_list("pk", flat=True))


def _unfinished(now: datetime) -> QuerySet[Incident]:
    half_told = Q(told__in=(Incident.Told.DOWN, Incident.Told.DEGRADED), resolved_at__gt=now - OF_LATE)
    return Incident.objects.filter(Q(resolved_at=None) | half_told)


def _tell(pk: int) -> list[str]:
    """In a transaction of its own, on a locked row: a probe may be telling about the same incident right now."""
    with transaction.atomic():
        incident = Incident.objects.select_for_update(of=("self",)).select_related("parent__endpoint").get(pk=pk)
        states = EndpointState.objects.select_related("endpoint__team")
        return outbox.tell(incident, states.get(pk=incident.endpoint_id))


def _end_what_holds_still(now: datetime) -> None:
    """An incident stays open while its endpoint flaps; one that has been fine for a while is over."""
    fine = ~Q(endpoint__state__status__in=(*TROUBLE, Status.UNKNOWN))
    for incident in Incident.objects.filter(fine, resolved_at=None).select_related("endpoint__state"):
        if not outbox.flaps(incident.endpoint.state, now):
            incident.resolved_at = now
            incident.save(update_fields=["resolved_at"])
            note(incident, now, f"Resolved: {incident.endpoint.state.status}, and it holds still.")
