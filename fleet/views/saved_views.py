"""Saved views of the board: opened, saved, renamed, deleted, and the one to begin with."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from teams.access import person, team_of, teams_of
from teams.models import Role

from .. import access, saved_views
from ..models import SavedView
from ..queries.filters import EVERYTHING, Filters


@require_http_methods(["GET", "POST"])
def views(request: HttpRequest) -> HttpResponse:
    """All that the person can open; a POST saves the board as it is."""
    user = person(request)
    if request.method == "GET":
        return render(request, "fleet/saved_views.html", context(request))
    slug = request.POST.get("team", "")
    team = team_of(request, slug, Role.OPERATOR) if slug else None
    name, query = request.POST.get("name", ""), request.POST.get("query", "")
    try:
        view = saved_views.save(user, team, name, query)
    except ValidationError as error:
        messages.error(request, f"The view was not saved. {' '.join(error.messages)}")
        return redirect("saved-views")
    messages.success(request, f"The view {view.name} is saved for {team or 'you'}.")
    return opened(view)


def context(request: HttpRequest) -> dict[str, Any]:
    """What the menu and the page show."""
    user = person(request)
    operated, views = list(teams_of(user, Role.OPERATOR)), list(saved_views.listing(user))
    for each in views:
        each.words = Filters.of(QueryDict(each.query)).words
    return {
        "views": views,
        "operated": operated,
        "may_change": {team.pk for team in operated},
    }


@require_GET
def view(request: HttpRequest, pk: int) -> HttpResponse:
    """Opens it: goes to the board that it names."""
    return opened(access.see_view(request, pk))


def opened(view: SavedView) -> HttpResponse:
    """To the board as the view has it. How it is laid out is each reader's own."""
    return redirect(f"{reverse('board')}?{view.query or EVERYTHING}")


@require_POST
def usual(request: HttpRequest) -> HttpResponse:
    """The person's board begins with this view, or with the whole fleet."""
    user, pk = person(request), request.POST.get("view", "")
    if pk and not (pk.isdecimal() and len(pk) < 10):
        raise Http404(access.NO_VIEW)
    saved_views.begin_with(user, access.see_view(request, int(pk)) if pk else None)
    messages.success(request, "Saved. Your board begins so from now on.")
    return redirect("saved-views")


@require_POST
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    view = access.change_view(request, pk)
    try:
        saved_views.rename(view, request.POST.get("name", ""))
    except ValidationError as error:
        messages.error(request, f"The view was not renamed. {' '.join(error.messages)}")
    else:
        messages.success(request, f"The view is named {view.name} now.")
    return redirect("saved-views")


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    view = access.change_view(request, pk)
    saved_views.delete(view)
    messages.success(request, f"The view {view.name} was deleted. No endpoint was.")
    return redirect("saved-views")
