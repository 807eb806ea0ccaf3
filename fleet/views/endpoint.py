"""One endpoint: how it is, how it was, and how to connect to it."""

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from teams.access import person

from .. import access
from ..display.time_charts import RANGES
from ..models import Endpoint
from ..queries import endpoint as queries
from ..queries import endpoint_load
from ..queries.in_force import in_force
from ..queries.series import history

NO_CONTENT = 204
"""htmx swaps nothing then."""


@require_GET
@vary_on_headers("HX-Target")
def endpoint(request: HttpRequest, pk: int) -> HttpResponse:
    """The page. `range` chooses the stretch of time that the charts show."""
    found = access.see_endpoint(request, pk)
    if request.headers.get("HX-Target") == "charts":
        return render(request, "fleet/_charts.html", _charts(request, found))
    return render(request, "fleet/endpoint.html", _whole(request, found) | {"load": endpoint_load.brief(found)})


@require_GET
def endpoint_now(request: HttpRequest, pk: int) -> HttpResponse:
    """The live part alone, asked for when the fleet moved; nothing (204) when this endpoint did not."""
    found = access.see_endpoint(request, pk)
    if request.GET.get("cursor") == queries.cursor(found.state):
        return HttpResponse(status=NO_CONTENT)
    if request.GET.get("face") == queries.face(found.state):
        return render(request, "fleet/_now.html", {"endpoint": found, "now": queries.now(found)})
    return render(request, "fleet/_endpoint_redraw.html", _whole(request, found) | {"oob": True})


def _charts(request: HttpRequest, found: Endpoint) -> dict[str, Any]:
    # A live update is asked for under another address; the range is then in that of the page.
    page = parse_qs(urlsplit(request.headers.get("HX-Current-URL", "")).query)
    asked = request.GET.get("range") or page.get("range", ["1h"])[0]
    span = RANGES.get(asked, RANGES["1h"])
    shown = {"endpoint": found, "span": span, "ranges": RANGES.values()}
    return shown | {"history": history(found.pk, span, time.time())}


def _whole(request: HttpRequest, found: Endpoint) -> dict[str, Any]:
    current = queries.now(found)
    return _charts(request, found) | {
        "now": current,
        "page": queries.page(current),
        "may_change": access.may_change(request.user, found),
        "in_force": in_force(person(request), found),
    }
