"""How available a team's endpoints were."""

import time
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from core.display import Display

from .. import access
from ..history.availability import Days, chosen_days
from ..queries import availability as queries
from ..queries.availability_csv import as_csv


@require_GET
def team(request: HttpRequest, slug: str) -> HttpResponse:
    """A team's endpoints and all of them together, for each period; `format=csv` gives them as a table.

    `from` and `to` are days of one's own, `zone` whose they are: else the one that the person chose.
    """
    found, now, error, chosen = access.see_team(request, slug), time.time(), "", None
    typed = {name: request.GET.get(name, "").strip() for name in ("from", "to", "zone")}
    typed["zone"] = typed["zone"] or Display.for_request(request).zone or settings.TIME_ZONE
    try:
        chosen = _chosen(typed, now)
    except ValueError as problem:
        error = str(problem)
    as_table = request.GET.get("format") == "csv"
    if as_table and error:
        return HttpResponse(error, status=400, content_type="text/plain; charset=utf-8")
    history = queries.of_team(found, now, chosen)
    if as_table:
        name = f"availability-{found.slug}{f'-{chosen.first}-{chosen.last}' if chosen else ''}.csv"
        headers = {"Content-Disposition": content_disposition_header(True, name) or "attachment"}
        return HttpResponse(as_csv(history), content_type="text/csv; charset=utf-8", headers=headers)
    csv_query = urlencode({"format": "csv"} | (typed if chosen else {}))
    shown = {"history": history, "typed": typed, "error": error, "csv_query": csv_query}
    return render(request, "fleet/availability.html", shown)


def _chosen(typed: dict[str, str], now: float) -> Days | None:
    if not (typed["from"] or typed["to"]):
        return None
    kept = settings.KEEP_HOURLY, settings.KEEP_DAILY
    return chosen_days(typed["from"], typed["to"], typed["zone"], now, *kept)
