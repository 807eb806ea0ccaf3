"""Incidents: the list and one of them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from teams.models import Team

from ..queries import incidents as queries


@require_GET
def incidents(request: HttpRequest) -> HttpResponse:
    """All incidents, the open ones first. Any signed-in person may see them."""
    wanted = queries.Filters(*(request.GET.get(name, "") for name in ("team", "status", "state")))
    page = queries.listing(wanted, request.GET.get("page", 1))
    shown = {"page": page, "filters": wanted, "teams": Team.objects.all(), "nav": "incidents"}
    return render(request, "fleet/incidents.html", shown)


@require_GET
def incident(request: HttpRequest, pk: int) -> HttpResponse:
    """The story of one incident."""
    return render(request, "fleet/incident.html", {"story": queries.story(pk), "nav": "incidents"})
