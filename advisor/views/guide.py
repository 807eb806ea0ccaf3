"""The guide's pages and its search. Public, unless the setting GUIDE_PUBLIC is off."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe

from advisor.catalogue import load
from advisor.guide import drawing, pages
from advisor.guide.search import search as find_passages

_DRAWING_MARK = "<p>[drawing]</p>"


def _public(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Open to strangers when the guide is public; else they are sent to sign in and come back."""

    @login_not_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if settings.ENVIRONMENT["GUIDE_PUBLIC"] or request.user.is_authenticated:
            return view(request, *args, **kwargs)
        return redirect_to_login(request.get_full_path())

    return guarded


@_public
def index(request: HttpRequest) -> HttpResponse:
    """All pages, by part."""
    return render(request, "advisor/guide_index.html", {"nav": "guide", "parts": pages.parts()})


@_public
def search(request: HttpRequest) -> HttpResponse:
    """What the guide has for the words `q`."""
    query = request.GET.get("q", "").strip()[:200]
    context = {"nav": "guide", "parts": pages.parts(), "query": query, "hits": find_passages(query)}
    return render(request, "advisor/guide_search.html", context)


@_public
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """One page."""
    shown = pages.find(slug)
    if shown is None:
        raise Http404("The guide has no such page.")
    rendered = pages.rendered(shown)
    before, after = pages.neighbours(shown)
    html = rendered.html.replace(_DRAWING_MARK, drawing.both(load()))
    context = {
        "nav": "guide",
        "parts": pages.parts(),
        "page": shown,
        "html": mark_safe(html),  # cleaned by the allow list; the drawing escapes what it writes
        "headings": _listed(rendered.headings),
        "before": before,
        "after": after,
    }
    return render(request, "advisor/guide_page.html", context)


def _listed(headings: tuple[Any, ...]) -> list[Any]:
    """The table of contents: without its lower level where that would be longer than the page is worth."""
    return [heading for heading in headings if heading.level == 2 or len(headings) <= 24]
