"""How a board is drawn, as cookies of the browser: set by hand, or with a saved view."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from ..models import SavedView
from ..queries.filters import EVERYTHING
from ..queries.layout import DENSE, SHOWN

KEPT = 365 * 86400
"""Seconds for which a browser keeps a layout."""


def keep(request: HttpRequest, answer: HttpResponse, density: str, columns: str) -> HttpResponse:
    """The answer with the layout: "dense", "roomy" or empty, and the columns with points between."""
    for name, value in ((DENSE, {"dense": "1", "roomy": "0"}.get(density, "")), (SHOWN, columns)):
        answer.set_cookie(name, value, max_age=KEPT, samesite="Lax", httponly=True, secure=request.is_secure())
    return answer


def opened(request: HttpRequest, view: SavedView) -> HttpResponse:
    """To the board as the view has it."""
    return keep(request, redirect(f"{reverse('board')}?{view.query or EVERYTHING}"), view.density, view.columns)
