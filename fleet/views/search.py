"""The search of the whole site: a page, and the part of it that the palette shows."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from teams.access import person

from ..queries.search import search as find


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    user = person(request)
    text = request.GET.get("q", "")
    page = "fleet/_found.html" if request.headers.get("HX-Request") else "fleet/search.html"
    return render(request, page, {"q": text, "found": find(user, text)})
