"""Incidents: the list, one of them, and what people do about it."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from teams.access import person

from .. import access
from ..endpoints.tags import in_use
from ..incidents import actions
from ..incidents.forms import AcknowledgeForm, NoteForm
from ..models import Endpoint, Incident
from ..queries import incidents as queries
from ..queries.in_force import in_force
from ..queries.incidents_csv import as_csv
from .back import back

RECOVERY_MAIL = "The recovery mail still comes, after a silence or maintenance that is on."


@require_GET
def incidents(request: HttpRequest) -> HttpResponse:
    """The incidents that the person may see, the open ones first; `format=csv` gives them as a table."""
    user = person(request)
    wanted = queries.Filters(*(request.GET.get(name, "") for name in ("team", "status", "state", "tag", "q")))
    if request.GET.get("format") == "csv":
        headers = {"Content-Disposition": 'attachment; filename="incidents.csv"'}
        return HttpResponse(as_csv(user, wanted), content_type="text/csv; charset=utf-8", headers=headers)
    page = queries.listing(user, wanted, request.GET.get("page", 1))
    shown = {
        "page": page,
        "filters": wanted,
        "teams": access.visible_teams(user).values_list("slug", "name"),
        "tags": [(tag, tag) for tag in in_use(access.visible(user, Endpoint.objects.all()))],
        "states": queries.STATES,
        "statuses": queries.STATUSES,
    }
    return render(request, "fleet/incidents.html", shown)


@require_GET
def incident(request: HttpRequest, pk: int) -> HttpResponse:
    access.see_incident(request, pk)
    return _page(request, pk)


@require_GET
def incident_now(request: HttpRequest, pk: int) -> HttpResponse:
    """What of the page is not a form, asked for when the fleet moved; nothing (204) when this incident did not."""
    found = access.see_incident(request, pk)
    if request.GET.get("cursor") == queries.cursor(found):
        return HttpResponse(status=204)
    may_change = access.may_change(request.user, found.endpoint)
    shown = {"story": queries.story(pk), "may_change": may_change, "oob": True}
    return render(request, "fleet/_incident_redraw.html", shown)


@require_POST
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    incident = access.change_incident(request, pk)
    form = AcknowledgeForm(request.POST)
    if not form.is_valid():
        return _page(request, pk, acknowledging=form)
    data = form.cleaned_data
    try:
        actions.acknowledge(incident, request.user.get_username(), data["note"], data["until"])
    except ValidationError as error:
        form.add_error(None, error)
        if Incident.objects.open().filter(pk=pk).exists():
            return _page(request, pk, acknowledging=form)
        messages.error(request, error.messages[0])  # resolved since: the page has no form any more
        return redirect("incident", pk)
    messages.success(
        request,
        "Acknowledged. Reminders stop; the recovery mail still comes, after a silence or maintenance that is on.",
    )
    return redirect(incident)


@require_POST
def unacknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove the acknowledgement."""
    incident = access.change_incident(request, pk)
    try:
        actions.unacknowledge(incident, request.user.get_username())
        messages.success(request, "The acknowledgement was removed; reminders go out again.")
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect(back(request, incident.get_absolute_url()))


@require_POST
def note(request: HttpRequest, pk: int) -> HttpResponse:
    incident = access.change_incident(request, pk)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, pk, noting=form)
    try:
        actions.add_note(incident, request.user.get_username(), form.cleaned_data["text"])
    except ValidationError as error:
        form.add_error("text", error.messages)
        return _page(request, pk, noting=form)
    messages.success(request, "Your note is in the timeline.")
    return redirect(incident)


def _page(
    request: HttpRequest, pk: int, acknowledging: AcknowledgeForm | None = None, noting: NoteForm | None = None
) -> HttpResponse:
    story = queries.story(pk)
    shown = {
        "story": story,
        "own_silence": in_force(person(request), story.incident.endpoint, [story.incident]).own_silence,
        "may_change": access.may_change(request.user, story.incident.endpoint),
        "acknowledging": acknowledging or AcknowledgeForm(),
        "noting": noting or NoteForm(),
        "default_zone": settings.TIME_ZONE,
    }
    return render(request, "fleet/incident.html", shown, status=422 if acknowledging or noting else 200)
