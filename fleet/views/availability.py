"""How available a team's endpoints were."""

import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from teams.models import Team

from ..history.availability import PERIODS
from ..queries import availability as queries


@require_GET
def team(request: HttpRequest, slug: str) -> HttpResponse:
    """A team's endpoints and all of them together, for each period. Any signed-in person may see it."""
    found = queries.of_team(get_object_or_404(Team, slug=slug), time.time())
    shown = {"history": found, "periods": PERIODS, "nav": "fleet"}
    return render(request, "fleet/availability.html", shown)
