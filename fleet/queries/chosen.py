"""The endpoints that somebody ticked on the board, or all that fit its filters."""

from django.contrib.auth.models import User
from django.db.models import Prefetch, QuerySet
from django.http import QueryDict

from core.natural_order import Natural

from ..access import reader, visible
from ..models import Endpoint, Incident
from .filters import Filters
from .selection import select


def chosen(user: User, posted: QueryDict) -> list[Endpoint]:
    """Those that the person sees of what a form names, by name, with their open incidents; what is gone is left out.

    `e` are numbers, `all` stands for all that fit `query` (a query string of the board), on all its pages.
    """
    if not posted.get("all"):
        listed = ",".join(posted.getlist("e")).split(",")
        return list(_rows(user).filter(pk__in={int(each) for each in listed if each.isdecimal() and len(each) < 10}))
    filters = Filters.of(QueryDict(posted.get("query", "")))
    states = select(user, reader(user), filters).matching
    if filters.status:
        states = states.filter(status=filters.status)
    return list(_rows(user).filter(pk__in=states.values("pk")))


def _rows(user: User) -> QuerySet[Endpoint]:
    rows = Endpoint.objects.select_related("team", "state").defer("api_key")
    open_incidents = Prefetch("incidents", Incident.objects.open())
    return visible(user, rows).order_by(Natural("name"), "pk").prefetch_related(open_incidents)
