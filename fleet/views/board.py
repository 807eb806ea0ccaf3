"""The live board: the page, what changed since, and the event stream."""

from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST

from core.database import give_back
from teams.access import anyone_async, person, teams_of
from teams.models import Role

from .. import live
from ..access import reader
from ..alerts import recipients
from ..endpoints import bulk
from ..queries import board as query
from ..queries.layout import DENSE, SHOWN, USUAL_LAYOUT, Layout
from ..queries.wall import wall
from .back import to_board
from .saved_views import context as saved_context
from .saved_views import opened

LAYOUT_KEPT = 365 * 86400
"""Seconds for which a browser keeps a layout."""


def board(request: HttpRequest) -> HttpResponse:
    """All that the person may see of the fleet, on one page; with `?wall=1` for a screen on the wall."""
    user = person(request)
    saved = saved_context(request)
    if not request.GET and (usual := next((view for view in saved["views"] if view.is_usual), None)):
        return opened(usual)
    filters = query.Filters.of(request.GET)
    if request.GET.get("wall"):
        return render(request, "fleet/wall.html", {"wall": wall(user, filters), "filters": filters})
    context = _drawn(user, filters, Layout.of(request.COOKIES))
    context |= {"choices": query.choices(user, context["board"]), **saved}
    context["view_shown"] = next((view for view in saved["views"] if view.query == filters.but(page="")), None)
    context |= {"undoable": bulk.undoable(user), "bulk_actions": bulk.ACTIONS.values(), "query": filters.but()}
    owned = teams_of(user, Role.OWNER)
    if settings.EMAIL_CONFIGURED:
        context["unreached"] = recipients.unreached(owned)
    else:
        context["without_mail"] = user.is_superuser or owned.exists()
    return render(request, "fleet/board.html", context)


@require_POST
def layout(request: HttpRequest) -> HttpResponse:
    """Keeps how the person wants boards drawn, in cookies of this browser."""
    person(request)
    answer = redirect(to_board(request))
    density = {"dense": "1", "roomy": "0"}.get(request.POST.get("density", ""), "")
    for name, value in ((DENSE, density), (SHOWN, ".".join(request.POST.getlist("column")))):
        answer.set_cookie(name, value, max_age=LAYOUT_KEPT, samesite="Lax", httponly=True, secure=request.is_secure())
    return answer


def changes(request: HttpRequest) -> HttpResponse:
    """What moved on a board since its cursor, as out-of-band pieces; nothing (204) when nothing did."""
    user = person(request)
    filters, since = query.Filters.of(request.GET), request.GET.get("since", "")
    html, _ = pieces(user, filters, since, layout=Layout.of(request.COOKIES))
    return HttpResponse(html) if html else HttpResponse(status=204)


def pieces(
    user: User, filters: query.Filters, since: str, moved: set[int] | None = None, layout: Layout = USUAL_LAYOUT
) -> tuple[str, str]:
    """What brings a board from the cursor `since` up to date, as HTML, and its new cursor."""
    found = query.changes(user, filters, since, moved)
    if found.redraw:
        context = _drawn(user, filters, layout)
        return render_to_string("fleet/_redraw.html", {**context, "oob": True}), context["board"].totals.cursor
    if found.head is None:
        return "", since
    context = {"board": found.head, "layout": layout, "rows": found.rows, "since": since, "oob": True}
    return render_to_string("fleet/_changes.html", context), found.cursor


def _drawn(user: User, filters: query.Filters, layout: Layout) -> dict[str, Any]:
    """The board, and how it is laid out."""
    shown = query.board(user, filters)
    return {
        "board": shown,
        "groups": [(group, layout.folds.get(group.key)) for group in shown.groups],
        "layout": layout,
        "headings": query.headings(filters, layout.columns),
        "dense": layout.dense(shown.pages.rows),
    }


def _draw(user: User, since: str, moved: set[int]) -> tuple[str, str]:
    """The pieces for open boards without filters."""
    try:
        return pieces(user, query.Filters(), since, moved)
    finally:
        give_back()


@login_not_required
async def stream(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The event stream. A stranger gets 401 at once, since an event source can't follow to a sign-in page."""
    user = await anyone_async(request)
    if user is None:
        return HttpResponse("Sign in first.", status=401, content_type="text/plain")
    scope = await sync_to_async(reader)(user)
    await sync_to_async(give_back)()  # a stream lasts for a minute, and needs the database no more
    headers = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
    events = live.stream(user.pk, scope, partial(_draw, user))
    return StreamingHttpResponse(events, content_type="text/event-stream", headers=headers)
