"""Models across the fleet."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from ..queries.models import GROUPS_SHOWN, listing


@require_GET
def models(request: HttpRequest) -> HttpResponse:
    """Who serves what. Any signed-in person may see the whole fleet."""
    search, capability = request.GET.get("q", ""), request.GET.get("capability", "")
    shown = {"listing": listing(search, capability), "q": search, "capability": capability, "most": GROUPS_SHOWN}
    return render(request, "fleet/models.html", {**shown, "nav": "models"})
