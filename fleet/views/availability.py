"""How available a team's endpoints were."""

import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from .. import access
from ..queries import availability as queries
from ..queries.availability_csv import as_csv


@require_GET
def team(request: HttpRequest, slug: str) -> HttpResponse:
    """A team's endpoints and all of them together, for each period; `format=csv` gives them as a table."""
    found = queries.of_team(access.see_team(request, slug), time.time())
    if request.GET.get("format") == "csv":
        headers = {"Content-Disposition": f'attachment; filename="availability-{found.team.slug}.csv"'}
        return HttpResponse(as_csv(found), content_type="text/csv; charset=utf-8", headers=headers)
    return render(request, "fleet/availability.html", {"history": found})
