"""An endpoint whose probes can't be judged or written: it is put off, and unknown until then."""

from datetime import UTC, datetime, timedelta

from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce

from core import fence
from core.database import writing

from .. import live
from ..engines.errors import Cause
from ..models import EndpointState
from ..verdict.status import TROUBLE, Status

SWEEP = "probes"
"""Under this name core.fence keeps these endpoints."""

GIVEN_UP_FOR = timedelta(hours=1)
"""Until the next probe of an endpoint that core.fence has given up."""


def put_off(endpoint_id: int, error: Exception) -> None:
    """Shows that nothing is known of the endpoint; called in the `except` block.

    Trouble that was known stands, and with it its incident.
    """
    states = EndpointState.objects.select_related("endpoint").only("endpoint__name", "endpoint__team_id")
    row = states.filter(pk=endpoint_id).first()  # without its key, which may be what can't be read
    if row is None:
        return
    until = fence.put_off(SWEEP, fence.Item(str(row.pk), row.endpoint.name, row.endpoint.team_id), error)
    now = datetime.now(UTC)
    again = until.next_try_at or now + GIVEN_UP_FOR
    state = EndpointState.objects.watched().filter(pk=endpoint_id)
    with writing():
        state.exclude(status__in=TROUBLE).update(
            status=Status.UNKNOWN,
            cause=Cause.NOT_RECORDED,
            step="",
            detail=until.why,
            since=Case(When(Q(cause=Cause.NOT_RECORDED), then=F("since")), default=Value(now)),
        )
        state.update(
            due_at=int(again.timestamp()),
            waiting_since=None,
            not_probed_since=Coalesce("not_probed_since", int(now.timestamp())),
            shown_at=now,
            regrouped_at=now,
        )
    live.publish([endpoint_id])
