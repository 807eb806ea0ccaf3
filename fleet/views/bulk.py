"""What is done to many endpoints at once: asked on one page, then done, and undone for a while."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from teams.access import person

from ..endpoints import bulk
from ..endpoints.bulk_forms import form_of, values_of
from ..models import Endpoint
from ..queries.chosen import chosen
from .back import to_board

FAILURES_SHOWN = 10


@require_POST
def endpoints_bulk(request: HttpRequest) -> HttpResponse:
    """Lists what will happen to which endpoints, and does it once that is confirmed."""
    user, query = person(request), QueryDict(request.POST.get("query", ""))
    board = to_board(request)
    action = bulk.ACTIONS.get(request.POST.get("action", ""))
    found = chosen(user, request.POST)
    if action is None or not found or len(found) > bulk.MOST:
        why = (
            f"Choose at most {bulk.MOST:,} at once." if len(found) > bulk.MOST else "Choose what to do, and endpoints."
        )
        messages.warning(request, why)
        return redirect(board)
    will, left_out = bulk.split(user, found, action.left_out)
    confirmed = "confirmed" in request.POST
    form = form_of(action.name, user, will, *([request.POST] if confirmed else []))
    if confirmed and form.is_valid():
        outcome = bulk.carry_out(action, will, user, values_of(form))
        if outcome.done or not outcome.failed:
            _report(request, outcome, "" if action.can_be_undone else action.done)  # else the board says so
            return redirect(board)
        form.add_error(None, outcome.failed[0][1])
    shown = {"action": action, "will": will, "left_out": left_out, "form": form, "query": query.urlencode()}
    shown |= {"numbers": ",".join(str(each.pk) for each in will), "default_zone": settings.TIME_ZONE, "board": board}
    return render(request, "fleet/bulk.html", shown, status=422 if confirmed else 200)


@require_POST
def endpoints_undo(request: HttpRequest) -> HttpResponse:
    """Undo what the person did last to many endpoints, or offer that no longer (`keep`)."""
    user, board = person(request), to_board(request)
    if "keep" in request.POST:
        bulk.keep(user)
        return redirect(board)
    outcome = bulk.undo(user, request.POST.get("until", ""))
    if outcome is None:
        messages.warning(
            request, "That can't be undone any more: ten minutes are over, it was undone, or you did more since."
        )
    else:
        _report(request, outcome, "put back as before")
    return redirect(board)


def _report(request: HttpRequest, outcome: bulk.Outcome, done: str) -> None:
    if done:
        messages.success(request, f"{len(outcome.done)} {done}.")
    if outcome.failed:
        messages.error(request, f"{len(outcome.failed)} failed. {_reasons(outcome.failed)}")


def _reasons(failed: list[tuple[Endpoint, str]]) -> str:
    more = len(failed) - FAILURES_SHOWN
    named = " ".join(f"{endpoint.name}: {why}" for endpoint, why in failed[:FAILURES_SHOWN])
    return f"{named} And {more} more." if more > 0 else named
