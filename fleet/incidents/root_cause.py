"""Whose fault it is: an incident that follows from another one, by hand-set dependency or by the host they share.

Alerts about such an incident are not created while the other one is open. It is probed and resolved all the same.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q

from ..models import Endpoint, EndpointState, Incident
from ..verdict.monitor_blind import SUSPICIOUS, host_of
from ..verdict.status import TROUBLE, Status

SAME_MOMENT = timedelta(minutes=2)
"""Endpoints of one host that began to fail within this time may have failed with it."""

DEPTH = 5
"""How far a chain of dependencies is followed."""


def cause_of(incident: Incident) -> Incident | None:
    """The open incident that caused this one; None when it stands for itself."""
    found = _by_hand(incident.endpoint)
    return _by_host(incident) if found is None and incident.status == Status.DOWN else found


def adopt(incident: Incident) -> list[Incident]:
    """The open incidents that turn out to follow from this one, which is down, or that share its host's failure."""
    alone = Q(parent=None) | Q(parent__resolved_at__isnull=False)
    others = Incident.objects.open().filter(alone, endpoint__team=incident.endpoint.team_id)
    dependent = others.exclude(pk=incident.pk).filter(endpoint__in=_dependents(incident.endpoint))
    found = list(dependent.select_related("endpoint"))
    if incident.parent and incident.parent.endpoint.depends_on_id is None:
        # Those that opened between the first of the host's and this one.
        between = others.exclude(pk__in=[incident.pk, incident.parent_id])
        found += [each for each in between.filter(endpoint__in=_siblings(incident.endpoint)) if _alike(each, incident)]
    return found


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
    host = host_of(endpoint.url)
    rows = Endpoint.objects.filter(team=endpoint.team_id, paused=False, url__icontains=host).exclude(pk=endpoint.pk)
    return [each for each in rows if host_of(each.url) == host]


def _dependents(endpoint: Endpoint) -> set[int]:
    found: set[int] = set()
    level = {endpoint.pk}
    for _ in range(DEPTH):
        level = set(Endpoint.objects.filter(depends_on__in=level).values_list("pk", flat=True)) - found
        found |= level
    return found
