"""An endpoint's charts: which time and which endpoint to compare with, as the address says, and the same as CSV."""

import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from core import time_zones
from core.natural_order import Natural
from teams.access import person

from .. import access
from ..display.time_span import DAY, RANGES, BadSpan, Span, asked
from ..models import Endpoint
from ..queries import series_csv as export
from ..queries.series import history

_FIELD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")
"""What a browser's field for date and time takes."""

_NAMES = {"range", "from", "to", "with", "compare", "probes"}


@require_GET
def series_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """What the charts show, as a table; 400 with a sentence for a time or an endpoint that can't be shown."""
    found = access.see_endpoint(request, pk)
    now = time.time()
    try:
        span, other = _span(request.GET, now), _other(request, request.GET, found)
    except BadSpan as error:
        return HttpResponse(str(error), status=400, content_type="text/plain; charset=utf-8")
    name = f"{found.name} {span.starts_at:%Y-%m-%d %H%M}.csv"
    headers = {"Content-Disposition": content_disposition_header(True, name) or "attachment"}
    return HttpResponse(export.as_csv(found, span, now, other), content_type="text/csv; charset=utf-8", headers=headers)


def shown(request: HttpRequest, found: Endpoint) -> dict[str, Any]:
    """What fleet/_charts.html needs. `range`, or `from` and `to`, choose the time; `with` another endpoint."""
    query, now = asked_of(request), time.time()
    error, other = "", None
    try:
        span = _span(query, now)
        other = _other(request, query, found)
    except BadSpan as problem:
        error, span = str(problem), _span({}, now)
    comparing = "compare" in query or other is not None
    kept = f"&with={other.pk}" if other else ""
    return {
        "endpoint": found, "span": span, "ranges": RANGES, "error": error, "other": other, "kept": kept,
        "history": history(found, span, now, other),
        "others": access.visible(person(request), Endpoint.objects.all()).exclude(pk=found.pk).order_by(Natural("name"))
        .values_list("pk", "name") if comparing else None,
        "typed": {name: text for name in ("from", "to") if error and _FIELD.fullmatch(text := query.get(name, ""))},
        "later": span.end < now,
    }  # fmt: skip


def asked_of(request: HttpRequest) -> QueryDict:
    """What the address asks to see. That of a live update is another one, so there it is that of the page."""
    if request.GET.keys() & _NAMES:
        return request.GET
    return QueryDict(urlsplit(request.headers.get("HX-Current-URL", "")).query)


def _span(query: Mapping[str, str], now: float) -> Span:
    return asked(query, now, now - settings.KEEP_READINGS * DAY, time_zones.named(query.get("zone", "UTC")))


def _other(request: HttpRequest, query: Mapping[str, str], found: Endpoint) -> Endpoint | None:
    if not (text := query.get("with", "")):
        return None
    rows = access.visible(person(request), Endpoint.objects.select_related("state")).exclude(pk=found.pk)
    other = rows.filter(pk=int(text)).first() if text.isdecimal() and len(text) < 12 else None
    if other is None:
        raise BadSpan("The endpoint to compare with is not there, or you do not see it. Choose another one.")
    return other
