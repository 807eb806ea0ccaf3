"""What the signed links in mails lead to. A GET shows what would be done; only a POST does it."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from teams.access import anyone

from ..alerts import links
from ..incidents import by_mail_link
from ..incidents.forms import AcknowledgeForm
from ..queries import incidents as queries

_METHODS = ["GET", "HEAD", "POST"]

SHOWN = 20
"""Incidents that the page of a mail's link names one by one."""


@login_not_required
@never_cache
@require_http_methods(_METHODS)
def acknowledge(request: HttpRequest, token: str) -> HttpResponse:
    """Acknowledge what a mail was about: as oneself if signed in, else in the name of the mail's recipient."""
    user = anyone(request)
    try:
        numbers, recipient = links.read_acknowledge(token)
        incidents = by_mail_link.incidents_of(numbers, user)
    except links.LinkRefused as refused:
        return _refused(request, refused)
    by = user.get_username() if user else recipient
    if "undo" in request.POST:
        if by_mail_link.release(incidents, by):
            messages.success(request, "The acknowledgement was removed; reminders go out again.")
        return redirect("acknowledge-link", token)
    taken = {incident.acknowledged_by for incident in incidents if incident.is_acknowledged}
    shown = {
        "story": queries.story(numbers[0]) if len(numbers) == 1 else None,
        "incidents": queries.in_words(incidents[:SHOWN]),
        "count": len(incidents),
        "more": max(0, len(incidents) - SHOWN),
        "by": by,
        "others": sorted(taken - {by}),
        "done": all(incident.is_acknowledged and incident.acknowledged_by == by for incident in incidents),
        "until": min((each.acknowledged_until for each in incidents if each.acknowledged_until), default=None),
        "default_zone": settings.TIME_ZONE,
    }
    form = AcknowledgeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            by_mail_link.acknowledge(incidents, by, form.cleaned_data["note"], form.cleaned_data["until"])
            return redirect("acknowledge-link", token)
        except ValidationError as error:
            form.add_error(None, error)
    return render(request, "fleet/link_acknowledge.html", shown | {"form": form}, status=422 if form.errors else 200)


@csrf_exempt  # mail programs post here by themselves (RFC 8058), without cookies; the token is the proof
@login_not_required
@never_cache
@require_http_methods(_METHODS)
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Get no more mail of a team. Mail programs post it in one click, people by the page's button."""
    anyone(request)
    try:
        team_pk, address = links.read_unsubscribe(token)
        asked = request.method == "POST"
        team = by_mail_link.unsubscribe(team_pk, address) if asked else by_mail_link.team_of(team_pk)
    except links.LinkRefused as refused:
        return _refused(request, refused)
    done = asked or by_mail_link.is_unsubscribed(team, address)
    return render(request, "fleet/link_unsubscribe.html", {"team": team, "address": address, "done": done})


def _refused(request: HttpRequest, refused: links.LinkRefused) -> HttpResponse:
    return render(request, "fleet/link_refused.html", {"reason": refused.sentence}, status=refused.status)
