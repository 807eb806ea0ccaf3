"""The live board: the page, what changed since, and the event stream."""

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from core.database import give_back
from teams.access import anyone_async, person

from .. import live
from ..queries import board as query
from ..queries.headline import headline


def board(request: HttpRequest) -> HttpResponse:
    """All that the person may see of the fleet, on one page."""
    user = person(request)
    filters = query.Filters.of(request.GET)
    shown = query.board(user, filters)
    return render(request, "fleet/board.html", {"board": shown, "choices": query.choices(user)})


def changes(request: HttpRequest) -> HttpResponse:
    """What moved on a board since its cursor, as out-of-band pieces; nothing (204) when nothing did."""
    user = person(request)
    filters, since = query.Filters.of(request.GET), request.GET.get("since", "")
    totals, moved = query.changes(user, filters, since)
    if moved.redraw:
        return render(request, "fleet/_redraw.html", {"board": query.board(user, filters), "oob": True})
    if totals.cursor == since:
        return HttpResponse(status=204)
    counts = query.status_counts(totals, filters)
    shown = {"totals": totals, "headline": headline(user, totals.counts), "counts": counts, "filters": filters}
    return render(request, "fleet/_changes.html", {"board": shown, "rows": moved.rows, "oob": True})


@login_not_required
async def stream(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The event stream. A stranger gets 401 at once, since an event source can't follow to a sign-in page."""
    user = await anyone_async(request)
    if user is None:
        return HttpResponse("Sign in first.", status=401, content_type="text/plain")
    await sync_to_async(give_back)()  # a stream lasts for minutes, and needs the database no more
    headers = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(live.stream(user.pk), content_type="text/event-stream", headers=headers)
