"""The banner about what is in trouble, asked for again and again by every open page."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from teams.access import anyone

from ..templatetags.health import banner


@login_not_required
@require_safe
def health_banner(request: HttpRequest) -> HttpResponse:
    """Nothing (204) while what the page shows is still so."""
    user = anyone(request)
    if user is None:
        return HttpResponse(status=204)  # signed out meanwhile: not worth a redirect to a form
    shown = banner(user)
    if request.GET.get("seen") == shown["seen"]:
        return HttpResponse(status=204)
    return render(request, "_banner.html", shown)
