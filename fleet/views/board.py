"""The live board: the page, what changed since, and the event stream."""

from functools import partial

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from core.database import give_back
from teams.access import anyone_async, person

from .. import live
from ..access import reader
from ..queries import board as query


def board(request: HttpRequest) -> HttpResponse:
    """All that the person may see of the fleet, on one page."""
    user = person(request)
    filters = query.Filters.of(request.GET)
    shown = query.board(user, filters)
    return render(request, "fleet/board.html", {"board": shown, "choices": query.choices(user)})


def changes(request: HttpRequest) -> HttpResponse:
    """What moved on a board since its cursor, as out-of-band pieces; nothing (204) when nothing did."""
    html, _ = pieces(person(request), query.Filters.of(request.GET), request.GET.get("since", ""))
    return HttpResponse(html) if html else HttpResponse(status=204)


def pieces(user: User, filters: query.Filters, since: str, moved: set[int] | None = None) -> tuple[str, str]:
    """What brings a board from the cursor `since` up to date, as HTML, and its new cursor."""
    found = query.changes(user, filters, since, moved)
    if found.redraw:
        shown = query.board(user, filters)
        return render_to_string("fleet/_redraw.html", {"board": shown, "oob": True}), shown.totals.cursor
    if found.head is None:
        return "", since
    context = {"board": found.head, "rows": found.rows, "since": since, "oob": True}
    return render_to_string("fleet/_changes.html", context), found.cursor


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
