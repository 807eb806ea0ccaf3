"""One endpoint: how it is, how it was, and how to connect to it."""

import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from .. import access
from ..charts_time import RANGES
from ..queries import endpoint as queries
from ..queries.series import history

NO_CONTENT = 204
"""htmx swaps nothing then."""


@require_GET
@vary_on_headers("HX-Target")
def endpoint(request: HttpRequest, pk: int) -> HttpResponse:
    """The page. `range` chooses the stretch of time that the charts show."""
    found = access.see_endpoint(request.user, pk)
    span = RANGES.get(request.GET.get("range", ""), RANGES["1h"])
    shown = {"endpoint": found, "span": span, "ranges": RANGES.values(), "nav": "fleet"}
    shown["history"] = history(found.pk, span, time.time())
    if request.headers.get("HX-Target") == "charts":
        return render(request, "fleet/_charts.html", shown)
    current = queries.now(found)
    shown |= {"now": current, "page": queries.page(current), "may_change": access.may_change(request.user, found)}
    return render(request, "fleet/endpoint.html", shown)


@require_GET
def endpoint_now(request: HttpRequest, pk: int) -> HttpResponse:
    """The live part alone, asked for when the fleet moved; nothing (204) when this endpoint did not."""
    found = access.see_endpoint(request.user, pk)
    if request.GET.get("cursor") == queries.cursor(found.state):
        return HttpResponse(status=NO_CONTENT)
    return render(request, "fleet/_now.html", {"endpoint": found, "now": queries.now(found)})
