"""Silences and planned maintenance: what is on, what comes, and a form for more."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core import dates
from teams.access import person, teams_of
from teams.models import Role

from .. import access
from ..muting import actions
from ..muting.forms import MaintenanceForm, SilenceForm
from ..queries import muting as queries
from .back import back


@require_http_methods(["GET", "POST"])
def silences(request: HttpRequest) -> HttpResponse:
    """What is silenced, and a form for another silence. `endpoint` (its number) chooses one."""
    user = person(request)
    if request.method == "GET":
        return _silences(request, SilenceForm(user=user, initial=_chosen(request)))
    form = SilenceForm(request.POST, user=user)
    if form.is_valid():
        target, data = form.chosen(), form.cleaned_data
        about = {"endpoint": target.endpoint, "engine": target.engine, "reason": data["reason"]}
        try:
            made = actions.silence(target.team, user, ends_at=data["until"], **about)
        except ValidationError as error:
            form.take(error)
        else:
            until = f"Silenced until {dates.stamp(made.ends_at)}: {actions.covers(made)}."
            messages.success(request, f"{until} Nobody is notified about it meanwhile.")
            return redirect(back(request, "silences"))
    return _silences(request, form)


@require_POST
def silence_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a silence, or with `all` also those that were made with it: people are notified again."""
    silence = access.change_silence(request, pk)
    rules = actions.all_like(silence) if "all" in request.POST else [silence]
    try:
        actions.end_silences(rules, person(request))
        several = f"{len(rules)} silences are" if len(rules) > 1 else "The silence is"
        messages.success(request, f"{several} over: people are notified again.")
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect(back(request, "silences"))


@require_http_methods(["GET", "POST"])
def maintenance(request: HttpRequest) -> HttpResponse:
    """What is planned, and a form for more. `endpoint` (its number) chooses one."""
    user = person(request)
    if request.method == "GET":
        return _maintenance(request, MaintenanceForm(user=user, initial=_chosen(request)))
    form = MaintenanceForm(request.POST, user=user)
    if form.is_valid():
        target = form.chosen()
        try:
            window = actions.plan(target.team, user, endpoint=target.endpoint, **form.values())
        except ValidationError as error:
            form.take(error)
        else:
            messages.success(request, f"“{window.name}” is planned for {actions.covers(window)}.")
            return redirect("maintenance")
    return _maintenance(request, form)


@require_POST
def maintenance_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Removes a window, or with `all` also those that were planned with it."""
    window = access.change_maintenance(request, pk)
    rules = actions.all_like(window) if "all" in request.POST else [window]
    actions.remove_windows(rules, person(request))
    several = f" for {len(rules)} endpoints" if len(rules) > 1 else ""
    messages.success(request, f"“{window.name}” was removed{several}.")
    return redirect(back(request, "maintenance"))


def _silences(request: HttpRequest, form: SilenceForm) -> HttpResponse:
    found = queries.silences(person(request))
    on = (each for together in found.on for each in together)
    running = next((each for each in on if form["target"].value() == f"endpoint-{each.silence.endpoint_id}"), None)
    shown = {"silences": found, "form": form, "running": running, **_common(request)}
    return render(request, "fleet/silences.html", shown, status=422 if form.errors else 200)


def _maintenance(request: HttpRequest, form: MaintenanceForm) -> HttpResponse:
    shown = {"planned": queries.maintenance(person(request)), "form": form, **_common(request)}
    return render(request, "fleet/maintenance.html", shown, status=422 if form.errors else 200)


def _common(request: HttpRequest) -> dict:
    mine = set(teams_of(person(request), Role.OPERATOR).values_list("pk", flat=True))
    return {"mine": mine, "default_zone": settings.TIME_ZONE}


def _chosen(request: HttpRequest) -> dict[str, str]:
    asked = request.GET.get("endpoint", "")
    return {"target": f"endpoint-{asked}"} if asked.isdecimal() else {}
