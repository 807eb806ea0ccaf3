"""Models across the fleet."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from teams.access import person

from .. import access
from ..endpoints.tags import in_use
from ..models import Endpoint
from ..queries.models import GROUPS_SHOWN, listing


@require_GET
def models(request: HttpRequest) -> HttpResponse:
    user = person(request)
    search, capability = request.GET.get("q", ""), request.GET.get("capability", "")
    tag = request.GET.get("tag", "")
    shown = {
        "listing": listing(user, search, capability, tag),
        "q": search,
        "capability": capability,
        "tag": tag,
        "tags": [(tag, tag) for tag in in_use(access.visible(user, Endpoint.objects.all()))],
        "most": GROUPS_SHOWN,
    }
    return render(request, "fleet/models.html", shown)
