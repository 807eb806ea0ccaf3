"""Models across the fleet."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from teams.access import person

from ..queries.models import GROUPS_SHOWN, listing


@require_GET
def models(request: HttpRequest) -> HttpResponse:
    user = person(request)
    search, capability = request.GET.get("q", ""), request.GET.get("capability", "")
    shown = {"listing": listing(user, search, capability), "q": search, "capability": capability, "most": GROUPS_SHOWN}
    return render(request, "fleet/models.html", shown)
