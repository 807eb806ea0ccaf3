"""The banner about what is in trouble, asked for again and again by every open page."""

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.views.decorators.http import require_safe

from teams.access import person

from .templatetags.health import banner


@require_safe
def health_banner(request: HttpRequest) -> HttpResponse:
    """Nothing (204) while what the page shows is still so.

    The header X-CSRFToken brings the token of today: each sign-in makes a new one, and forms of an open page need it.
    """
    shown = banner(person(request))
    same = request.GET.get("seen") == shown["seen"]
    response = HttpResponse(status=204) if same else render(request, "_banner.html", shown)
    response.headers["X-CSRFToken"] = get_token(request)
    return response
