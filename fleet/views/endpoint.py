"""One endpoint: how it is, how it was, and how to connect to it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from teams.access import person

from .. import access
from ..models import Endpoint
from ..queries import endpoint as queries
from ..queries import endpoint_load
from ..queries.in_force import in_force
from . import charts

NO_CONTENT = 204
"""htmx swaps nothing then."""


@require_GET
@vary_on_headers("HX-Target")
def endpoint(request: HttpRequest, pk: int) -> HttpResponse:
    """The page. What its charts show is chosen by what views.charts reads off the address."""
    found = access.see_endpoint(request, pk)
    if request.headers.get("HX-Target") == "charts":
        return render(request, "fleet/_charts.html", charts.shown(request, found))
    return render(request, "fleet/endpoint.html", _whole(request, found))


@require_GET
def endpoint_now(request: HttpRequest, pk: int) -> HttpResponse:
    """The live part alone, asked for when the fleet moved; nothing (204) when this endpoint did not."""
    found = access.see_endpoint(request, pk)
    if request.GET.get("cursor") == queries.cursor(found.state):
        return HttpResponse(status=NO_CONTENT)
    if request.GET.get("face") == queries.face(found.state):
        live = {"endpoint": found, "now": queries.now(found), "load": endpoint_load.brief(found)}
        return render(request, "fleet/_now.html", live)
    return render(request, "fleet/_endpoint_redraw.html", _whole(request, found) | {"oob": True})


@require_GET
def endpoint_lately(request: HttpRequest, pk: int) -> HttpResponse:
    """The last probes and the availability alone, asked for now and then; nothing (204) when nothing was probed."""
    found = access.see_endpoint(request, pk)
    if request.GET.get("cursor") == queries.cursor(found.state):
        return HttpResponse(status=NO_CONTENT)
    recent = queries.lately(found, all_probes="probes" in charts.asked_of(request))
    return render(request, "fleet/_endpoint_lately.html", {"lately": recent, "oob": True})


def _whole(request: HttpRequest, found: Endpoint) -> dict[str, Any]:
    current = queries.now(found)
    page = queries.page(current, all_probes="probes" in charts.asked_of(request))
    return charts.shown(request, found) | {
        "now": current,
        "load": endpoint_load.brief(found),
        "page": page,
        "may_change": access.may_change(request.user, found),
        "in_force": in_force(person(request), found, page.incidents),
    }
