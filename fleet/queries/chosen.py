"""The endpoints that somebody ticked on the board, or all that fit its filters."""

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db.models import Prefetch

from ..access import reader, visible
from ..models import Endpoint, Incident
from .filters import Filters
from .selection import select


def chosen(user: User, numbers: Iterable[int]) -> list[Endpoint]:
    """Those of these numbers that the person sees, by name, with their open incidents; what is gone is left out."""
    return list(_rows(user).filter(pk__in=list(numbers)))


def all_that_fit(user: User, filters: Filters) -> list[Endpoint]:
    """All that the board would list on all its pages."""
    states = select(user, reader(user), filters).matching
    if filters.status:
        states = states.filter(status=filters.status)
    return list(_rows(user).filter(pk__in=states.values("pk")))


def _rows(user: User):
    rows = Endpoint.objects.select_related("team", "state").defer("api_key")
    open_incidents = Prefetch("incidents", Incident.objects.open())
    return visible(user, rows).order_by("name", "pk").prefetch_related(open_incidents)
