"""What of an incident's time does not count as downtime, by the rule that availability follows."""

from datetime import datetime, timedelta

from django.db.models import F

from ..history.totals import LATE, left_out
from ..models import EndpointState, Incident, Observation
from ..verdict.status import TROUBLE, Standing, Status


def leave_out(
    state: EndpointState, before: Standing, last_probe: datetime | None, interval: int, excluded: str
) -> None:
    """Adds to the endpoint's open incident what of the time since `last_probe` does not count.

    `state` is after the probe, `before` of before it; its observation has this `interval` (seconds) and was `excluded`
    for this reason. Queries nothing for a probe that counts and came in time, and where there can be no incident.
    """
    if last_probe is None or state.probed_at is None or before.status not in (*TROUBLE, Status.UNKNOWN):
        return
    since_last = (state.probed_at - last_probe).total_seconds()
    late = since_last > LATE * interval
    if not (excluded or late):
        return
    if late:  # where the interval was changed between two probes, the longer one explains the time between them
        former = Observation.objects.filter(endpoint=state.pk, at=last_probe).values_list("interval", flat=True).first()
        interval = max(interval, former or 0)
    in_maintenance, unwatched = (timedelta(seconds=each) for each in left_out(since_last, interval, excluded))
    Incident.objects.open().filter(endpoint=state.pk).update(
        in_maintenance=F("in_maintenance") + in_maintenance, unwatched=F("unwatched") + unwatched
    )
