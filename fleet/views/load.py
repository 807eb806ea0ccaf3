"""Load: of the whole fleet, of one endpoint, and what both are judged by."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from teams.access import allows, person, team_of
from teams.models import Role

from .. import access
from ..evidence.verdict import State
from ..load import settings
from ..load.forms import EndpointLoadForm, TargetForm, TeamLoadForm
from ..queries import endpoint_load, fleet_load
from ..queries import fleet_load_export as export
from ..queries.load_now import load_now


@require_GET
def fleet(request: HttpRequest) -> HttpResponse:
    """Every load verdict that the person may see; `format` md or json gives it for a meeting or a program."""
    user = person(request)
    team, form = request.GET.get("team", ""), request.GET.get("format", "")
    load = fleet_load.fleet_load(user, team, request.GET.get("verdict", ""))
    if form == "json":
        return JsonResponse(export.as_json(load), json_dumps_params={"indent": 2})
    if form == "md":
        return HttpResponse(export.as_markdown(load), content_type="text/markdown; charset=utf-8")
    shown = {"load": load, "teams": fleet_load.teams(user), "changes": fleet_load.recent_changes(user, team)}
    if not load.judged:
        shown["now"] = load_now(user, team)
    shown |= {"page": load.page(request.GET.get("page", "1")), "states": [(each, each) for each in reversed(State)]}
    return render(request, "fleet/load.html", shown)


@require_GET
def endpoint(request: HttpRequest, pk: int) -> HttpResponse:
    """One endpoint's load verdicts and what they rest on; `hour` chooses an hour whose counts are shown."""
    found = access.see_endpoint(request, pk)
    shown = {"endpoint": found, "page": endpoint_load.page(found, request.GET.get("hour", ""))}
    return render(request, "fleet/endpoint_load.html", shown | {"may_change": access.may_change(request.user, found)})


@require_http_methods(["GET", "POST"])
def endpoint_settings(request: HttpRequest, pk: int) -> HttpResponse:
    """What its team states of an endpoint, and the endpoint's own service target."""
    found = access.change_endpoint(request, pk)
    form = EndpointLoadForm(request.POST or None, settings.of_endpoint(found))
    if request.method == "POST" and form.is_valid():
        settings.save_endpoint(form.changed_row())
        messages.success(request, "Saved. The next judgement, within the hour, goes by it.")
        return redirect("endpoint-load", found.pk)
    return render(request, "fleet/endpoint_load_settings.html", {"endpoint": found, "form": form}, status=_status(form))


@require_http_methods(["GET", "POST"])
def team_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """The team's service target, office hours and thresholds; owners change them."""
    team = team_of(request, slug, Role.OWNER if request.method == "POST" else Role.VIEWER)
    form = TeamLoadForm(request.POST or None, settings.of_team(team))
    if request.method == "POST" and form.is_valid():
        settings.save_team(form.changed_row())
        messages.success(request, "Saved. The next judgements, within the hour, go by it.")
        return redirect("team-load", team.slug)
    shown = {"team": team, "form": form, "may_change": allows(person(request), team, Role.OWNER)}
    return render(request, "fleet/team_load.html", shown, status=_status(form))


def _status(form: TargetForm) -> int:
    return 422 if form.is_bound and form.errors else 200
