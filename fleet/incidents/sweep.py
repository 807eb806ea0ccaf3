"""The sweep that makes the alerts right again whatever was missed: reminders, escalations, ends of silences.

Nothing here depends on having been called at the right moment; a stop of an hour only makes it later.
"""

from datetime import UTC, datetime
from functools import cache

from django.db import transaction
from django.db.models import QuerySet

from core import fence, prepared

from ..alerts import late, outbox, recipients
from ..models import EndpointState, Incident
from ..verdict.status import TROUBLE, Status

DUE_ALERTS, ENDINGS, UNSENT, UNREACHED = "catch-up", "endings", "unsent", "unreached"
"""The sweeps, as core.fence knows them."""

_NAMED = ("pk", "endpoint__name", "endpoint__team_id")


def sweep() -> int:
    """Writes the alerts due for incidents that are open or whose end was not announced; returns how many moved."""
    if not any(_any_left()):
        return 0
    now = datetime.now(UTC)
    fence.each(ENDINGS, _fine().values_list(*_NAMED), lambda row: _end(row[0], now), _item)
    fence.each(UNSENT, late.with_unsent().values_list(*_NAMED), lambda row: late.send_unsent(row[0]), _item)
    reached = cache(recipients.reaches_anybody)  # a team without addresses may have hundreds of them
    unreached = late.unreached().values_list(*_NAMED)
    fence.each(UNREACHED, unreached, lambda row: reached(row[2]) and late.write_unreached(row[0]), _item)
    rows = Incident.objects.unfinished().values_list(*_NAMED)
    return fence.each(DUE_ALERTS, rows, lambda row: _write_due(row[0]), _item)


def _item(row: tuple[int, str, int]) -> fence.Item:
    incident, endpoint, team = row
    return fence.Item(str(incident), endpoint, team)


def _fine() -> QuerySet[Incident]:
    """What stayed open although its endpoint is fine: the end came while the status was unknown, say."""
    return Incident.objects.open().exclude(endpoint__state__status__in=(*TROUBLE, Status.UNKNOWN, Status.PAUSED))


_any_left = prepared.exist(lambda: [_fine(), Incident.objects.unfinished()])


def _write_due(pk: int) -> list[str]:
    """In a transaction of its own, on a locked row: a probe may be writing alerts of the same incident right now.

    Most have nothing due, and hundreds of transactions in a row would hold up the dispatcher.
    """
    read = Incident.objects.select_related("parent__endpoint", "endpoint__team", "endpoint__state").filter(pk=pk)
    incident = read.first()
    if incident is None or not outbox.due(incident, incident.endpoint.state):
        return []
    with transaction.atomic():
        locked = Incident.objects.select_for_update(of=("self",)).select_related("parent__endpoint")
        incident = locked.filter(pk=pk).first()
        if incident is None:
            return []
        states = EndpointState.objects.select_related("endpoint__team")
        return outbox.write_alerts(incident, states.get(pk=incident.endpoint_id))


def _end(pk: int, now: datetime) -> None:
    with transaction.atomic():
        rows = _fine().filter(pk=pk).select_for_update(of=("self",))
        incident = rows.select_related("endpoint__state").first()
        if incident:
            incident.end(now)
            incident.note(now, f"Resolved: {incident.endpoint.state.status}.")
