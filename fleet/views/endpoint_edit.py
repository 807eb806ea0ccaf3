"""Adding, changing, pausing and removing endpoints."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import dates
from teams.access import person, preset_team, teams_of
from teams.models import Role

from .. import access, endpoints
from ..endpoints import found, throttle
from ..endpoints.bare_host import HostSearch, search_host
from ..endpoints.check import Check, check
from ..endpoints.discovery import PORTS, find_servers
from ..endpoints.form_sections import sections
from ..endpoints.forms import EndpointForm, initial_of
from ..endpoints.pause_form import PauseForm
from ..models import Endpoint


@require_http_methods(["GET", "POST"])
def endpoint_add(request: HttpRequest) -> HttpResponse:
    """The form for a new endpoint. A GET may bring values along, such as a URL."""
    user = person(request)
    if request.method == "GET":
        return _form_page(request, EndpointForm(user=user, initial=request.GET.dict()))
    form = EndpointForm(request.POST, user=user)
    added = form.save() if form.is_valid() and form.find_host() else None
    if added is None:
        return _form_page(request, form)
    at = f" at {added.url}" if form.bare_host else ""
    messages.success(request, f"{added.name} is added{at}. Its first probe is on its way.")
    return redirect(added)


@require_POST
def endpoint_check(request: HttpRequest) -> HttpResponse:
    """What answers at the address in the form, without saving anything."""
    user = access.operator(request)
    # The endpoint whose edit form this is; None for a new one.
    pk = request.POST.get("endpoint", "")
    endpoint = access.change_endpoint(request, int(pk)) if pk.isdecimal() else None
    form = EndpointForm(request.POST, user=user, endpoint=endpoint)
    form.is_valid()  # only the address, the engine and the key matter here
    refused = "" if throttle.allowed(user.pk) else throttle.REFUSED
    result = search = None
    if "url" in form.cleaned_data and not refused:
        if form.bare_host:
            search = search_host(form.bare_host, verify=not form.cleaned_data.get("unverified"))
            form.use(search)
        result = _check(user, form)
    if request.headers.get("HX-Request"):
        asked = bool(request.POST.get("url", "").strip())
        context = {"form": form, "check": result, "asked": asked, "refused": refused, "user": user, "search": search}
        return render(request, "fleet/_check.html", {**context, "in_place": True, "sections": sections(form)})
    if refused:
        messages.warning(request, refused)
    return _form_page(request, form, result, search)


def _check(user: User, form: EndpointForm) -> Check:
    values = form.cleaned_data
    verify = not values.get("unverified")
    username = values.get("username", "")
    key = values.get("api_key") or form.stored_key(values["url"], verify, username)
    watched = access.visible(user, Endpoint.objects.all())
    engine, expected = values.get("engine", ""), values.get("expected_models", [])
    result = check(values["url"], key, engine, expected, verify, username=username, watched=watched)
    found.keep(user.pk, values["url"], username, result.reading)
    return result


@require_GET
def endpoint_discovered(request: HttpRequest) -> HttpResponse:
    """What answers on this machine at the usual ports."""
    user = person(request)
    teams = teams_of(user, Role.OPERATOR)
    known = access.visible(user, Endpoint.objects.all())
    refused = throttle.REFUSED if teams and not throttle.allowed(user.pk) else ""
    own_ports = {settings.PORT, int(request.get_port())}
    servers = find_servers(known, own_ports=own_ports) if teams and not refused else []
    for server in servers:
        found.keep(user.pk, server.url, "", server.reading)
    shown = {
        "found": servers,
        "teams": teams,
        "ports": PORTS,
        "refused": refused,
        "new": sum(server.watched_as is None for server in servers),
        "preset": preset_team(user, request.GET.get("team", "")),
        "beside": "beside" in request.GET,  # the form for an address: then finding nothing is not worth a word
    }
    page = "fleet/_discovered.html" if request.headers.get("HX-Request") else "fleet/discovered.html"
    return render(request, page, shown)


@require_http_methods(["GET", "POST"])
def endpoint_edit(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = access.change_endpoint(request, pk)
    if request.method == "GET":
        return _form_page(request, EndpointForm(user=person(request), endpoint=endpoint, initial=initial_of(endpoint)))
    form = EndpointForm(request.POST, user=person(request), endpoint=endpoint)
    if form.is_valid() and form.find_host() and form.save():
        messages.success(request, f"{endpoint.name} is saved.")
        return redirect(endpoint)
    return _form_page(request, form)


@require_http_methods(["GET", "POST"])
def endpoint_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for how long, then pause. Of one that is paused this moves the end."""
    endpoint = access.change_endpoint(request, pk)
    form = PauseForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        until = form.cleaned_data.get("until")
        try:
            endpoints.pause(endpoint, person(request), until)
        except ValidationError as error:
            form.take(error)
        else:
            ends = dates.stamp(until) if until else "somebody resumes it"
            messages.success(request, f"{endpoint.name} is paused until {ends}: no probes, no alerts.")
            return redirect(endpoint)
    shown = {"endpoint": endpoint, "form": form, "default_zone": settings.TIME_ZONE}
    return render(request, "fleet/pause.html", shown, status=422 if form.errors else 200)


@require_POST
def endpoint_resume(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = access.change_endpoint(request, pk)
    endpoints.resume(endpoint)
    messages.success(request, f"{endpoint.name} is probed again.")
    return redirect(endpoint)


@require_POST
def endpoint_probe(request: HttpRequest, pk: int) -> HttpResponse:
    """Probe at once, outside of the interval."""
    endpoint = access.change_endpoint(request, pk)
    if not throttle.allowed(person(request).pk):
        messages.warning(request, throttle.REFUSED)
        return redirect(endpoint)
    endpoints.probe_now(endpoint)
    messages.success(request, f"{endpoint.name} is probed with the next tick, within a second or two.")
    return redirect(endpoint)


@require_http_methods(["GET", "POST"])
def endpoint_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask first, then delete."""
    endpoint = access.change_endpoint(request, pk)
    if request.method == "GET":
        shown = {"endpoint": endpoint, "incidents": endpoint.incidents.count()}
        return render(request, "fleet/remove.html", shown)
    endpoints.remove(endpoint)
    messages.success(request, f"{endpoint.name} was removed with its history.")
    return redirect("board")


def _form_page(
    request: HttpRequest, form: EndpointForm, result: Check | None = None, search: HostSearch | None = None
) -> HttpResponse:
    team_less = form.endpoint is None and not teams_of(person(request), Role.OPERATOR).exists()
    shown = {
        "form": form,
        "endpoint": form.endpoint,
        "check": result,
        "search": search,
        "asked": True,
        "sections": sections(form),
    }
    status = 422 if form.is_bound and form.errors and result is None else 200
    return render(request, "fleet/form.html", {**shown, "team_less": team_less}, status=status)
