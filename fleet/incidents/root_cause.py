"""Whose fault it is: an incident that follows from another one, by hand-set dependency or by the host they share.

Alerts about such an incident are not created while the other one is open. It is probed and resolved all the same.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from ..alerts import outbox
from ..models import Endpoint, EndpointState, Incident
from ..verdict import causes
from ..verdict.monitor_blind import SUSPICIOUS
from ..verdict.status import TROUBLE, Status

SAME_MOMENT = timedelta(minutes=2)
"""Endpoints of one host that began to fail within this time may have failed with it."""

DEPTH = 5
"""How far a chain of dependencies is followed."""


def attribute(incident: Incident) -> None:
    """Puts an open incident down to the one that caused it, and others down to the same, or to it, if it is down."""
    parent = incident.parent if incident.parent and incident.parent.resolved_at is None else None
    pairs: list[tuple[Incident, Incident, bool]] = []  # (one, its parent, whether for the host they share)
    if parent is None:
        parent, shares_host = _by_hand(incident.endpoint), False
        if parent is None and incident.status == Status.DOWN:
            parent, shares_host = _by_host(incident), True
        if parent:
            pairs = [(incident, parent, shares_host)]
    if incident.status == Status.DOWN:
        alone = Q(parent=None) | Q(parent__resolved_at__isnull=False)
        others = Incident.objects.open().filter(alone, endpoint__team=incident.endpoint.team_id)
        follow = others.exclude(pk=incident.pk).filter(endpoint__in=_dependents(incident.endpoint))
        pairs += [(each, parent or incident, False) for each in follow.select_related("endpoint")]
        if parent and parent.endpoint.depends_on_id is None:
            # Those that opened between the first of the host's and this one.
            between = others.exclude(pk__in=[incident.pk, parent.pk]).filter(endpoint__in=_siblings(incident.endpoint))
            pairs += [(each, parent, True) for each in between if _alike(each, incident)]

    for child, cause, shares_host in pairs:
        child.parent, child.shares_host = cause, shares_host
        # What is in no message yet is not sent. Should it be needed after all, it is written in another round.
        if outbox.drop(child, f"{child.relation} {cause.endpoint}"):
            child.announced = outbox.last_kind(child)
            child.round += 1
        child.save(update_fields=["parent", "shares_host", "announced", "round"])
        child.children.open().update(parent=cause)
        outbox.write_for_child(cause)
        host = f": {causes.HOST_SILENT}" if shares_host else ""
        said = f"{child.relation.capitalize()} {cause.endpoint}{host}. Nobody is alerted of this one as well."
        child.note(datetime.now(UTC), said)


def attribute_again(endpoint_id: int) -> None:
    """Puts the endpoint's open incident down to what it depends on now, or to nothing: then it is alerted by itself."""
    incident = Incident.objects.open().select_for_update().filter(endpoint=endpoint_id).first()
    if incident:
        incident.parent, incident.shares_host = None, False
        incident.save(update_fields=["parent", "shares_host"])
        attribute(incident)


def _by_hand(endpoint: Endpoint) -> Incident | None:
    above = endpoint.depends_on
    for _ in range(DEPTH):
        if above is None:
            return None
        down = Incident.objects.open().filter(endpoint=above, status=Status.DOWN)
        if found := down.select_related("parent").first():
            return found.parent if found.parent and found.parent.resolved_at is None else found
        above = above.depends_on
    return None


def _by_host(incident: Incident) -> Incident | None:
    """The first open incident of the same moment and kind on the host, when nothing on that host answers."""
    siblings = _siblings(incident.endpoint)
    if not siblings or not _all_cut_off([incident.endpoint_id, *(each.pk for each in siblings)]):
        return None
    rows = Incident.objects.open().filter(endpoint__in=siblings, parent=None, status=Status.DOWN)
    rows = rows.exclude(endpoint__in=_dependents(incident.endpoint))  # those follow from this one
    return next((each for each in rows.order_by("opened_at", "pk") if _alike(each, incident)), None)


def _alike(one: Incident, other: Incident) -> bool:
    """Whether a host that failed would show itself like these two: at the same time, in the same way."""
    unreachable = one.cause in SUSPICIOUS and other.cause in SUSPICIOUS
    return (one.cause == other.cause or unreachable) and abs(one.began_at - other.began_at) <= SAME_MOMENT


def _all_cut_off(endpoints: Iterable[int]) -> bool:
    """Whether the last probe of each of them fails without any answer."""
    failing = Q(failures__gt=0) | Q(status__in=TROUBLE, successes=0)
    rows = EndpointState.objects.filter(pk__in=list(endpoints))
    return not rows.exclude(failing, latency_ms=None).exists()


def _siblings(endpoint: Endpoint) -> list[Endpoint]:
    """The team's other watched endpoints on the same host."""
    rows = Endpoint.objects.filter(team=endpoint.team_id, paused=False, url__icontains=endpoint.host)
    return [each for each in rows.exclude(pk=endpoint.pk) if each.host == endpoint.host]


def _dependents(endpoint: Endpoint) -> set[int]:
    found: set[int] = set()
    level = {endpoint.pk}
    for _ in range(DEPTH):
        level = set(Endpoint.objects.filter(depends_on__in=level).values_list("pk", flat=True)) - found
        found |= level
    return found
