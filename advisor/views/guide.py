"""The guide's pages and its search. Public, unless the setting GUIDE_PUBLIC is off."""

import re

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe

from advisor import access
from advisor.catalogue import load
from advisor.guide import drawing, load_drawings, pages
from advisor.guide.search import search as find_passages

_DRAWING_MARK = re.compile(r"<p>\[drawing (\w+)\]</p>")


@login_not_required
def index(request: HttpRequest) -> HttpResponse:
    """All pages, by part."""
    if (stopped := access.guide(request)) is not None:
        return stopped
    return render(request, "advisor/guide_index.html", {"parts": pages.parts()})


@login_not_required
def search(request: HttpRequest) -> HttpResponse:
    """What the guide has for the words `q`."""
    if (stopped := access.guide(request)) is not None:
        return stopped
    query = request.GET.get("q", "").strip()[:200]
    context = {"parts": pages.parts(), "query": query, "found": find_passages(query)}
    return render(request, "advisor/guide_search.html", context)


@login_not_required
def page(request: HttpRequest, slug: str) -> HttpResponse:
    if (stopped := access.guide(request)) is not None:
        return stopped
    shown = pages.find(slug)
    if shown is None:
        raise Http404("The guide has no such page.")
    rendered = pages.rendered(shown)
    before, after = pages.neighbours(shown)
    html = _DRAWING_MARK.sub(lambda mark: _drawing(mark[1]), rendered.html)
    context = {
        "parts": pages.parts(),
        "page": shown,
        "html": mark_safe(html),  # cleaned by the allow list; the drawing escapes what it writes
        # The lower level is left out where the table of contents would be longer than the page is worth.
        "headings": [heading for heading in rendered.headings if heading.level == 2 or len(rendered.headings) <= 24],
        "before": before,
        "after": after,
    }
    return render(request, "advisor/guide_page.html", context)


def _drawing(name: str) -> str:
    return drawing.both(load()) if name == "path" else load_drawings.both(name)
