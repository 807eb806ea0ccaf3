"""The parts that pages are made of, on one page, for whoever changes how they look."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from teams.access import anyone

from ..verdict.status import Status

STANDS = ("draft", "proposed", "accepted", "rejected", "superseded", "deprecated")
"""Of the advisor's decisions, which this app may not import."""

MARKS = ("acknowledged", "maintenance", "silenced", "flapping", "paused", "unverified", "unreadable", "blind")


@login_not_required
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component of static/css/components.css by its real classes. Raises Http404 unless DEBUG is on."""
    anyone(request)
    if not settings.DEBUG:
        raise Http404("The style guide is shown only while DEBUG is on.")
    shown = {"statuses": list(Status), "marks": MARKS, "stands": STANDS}
    return render(request, "fleet/styleguide.html", shown)
