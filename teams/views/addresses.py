"""Confirming the addresses that a team has typed."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from .. import access, confirmations, mailboxes
from ..models import PendingAddress, Role, Team
from ..refusals import Refused


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Behind the link in the mail. Opening it changes nothing."""
    access.anyone(request)
    done = request.method == "POST"
    try:
        row = confirmations.confirm(token) if done else confirmations.find(token)
    except Refused as refused:
        raise Http404(str(refused)) from None
    shown = {"team": mailboxes.plain(row.team.name), "address": row.address, "done": done}
    return render(request, "teams/address_confirm.html", shown)


@require_POST
def ask(request: HttpRequest, slug: str) -> HttpResponse:
    """Mails the link (again). Takes up to 20 seconds while the mail goes out."""
    team = access.team_of(request, slug, Role.OWNER)
    rows = [row for row in confirmations.pending(team) if row.address == request.POST.get("address")]
    if not rows:
        raise Http404("This address does not wait for confirmation (any more).")
    _send(request, rows)
    return redirect("alerting" if request.POST.get("page") == "alerting" else "team", team.slug)


def ask_new(request: HttpRequest, team: Team) -> None:
    """Mails a link to each address of the team that got none so far; the next page shows what became of it."""
    if rows := [row for row in confirmations.pending(team) if row.asked_at is None]:
        _send(request, rows)


def _send(request: HttpRequest, rows: list[PendingAddress]) -> None:
    trouble = confirmations.send(rows, access.person(request))
    if trouble:
        messages.warning(request, trouble)
    else:
        sent = ", ".join(row.address for row in rows)
        messages.info(request, f"A link went to {sent}. Mails of the team follow once it is opened and agreed to.")
