"""How available a team's endpoints were."""

import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from .. import access
from ..history.availability import PERIODS
from ..queries import availability as queries


@require_GET
def team(request: HttpRequest, slug: str) -> HttpResponse:
    """A team's endpoints and all of them together, for each period."""
    found = queries.of_team(access.see_team(request, slug), time.time())
    shown = {"history": found, "periods": PERIODS}
    return render(request, "fleet/availability.html", shown)
