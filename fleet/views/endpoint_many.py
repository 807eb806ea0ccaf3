"""Adding many endpoints at once: a pasted list is checked, shown as a table, and what is ticked is added."""

from hashlib import blake2b
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from teams.access import person, teams_of
from teams.models import Role

from .. import access
from ..as_code import by_page
from ..as_code.apply import summary
from ..as_code.reader import FileMistakes
from ..endpoints.discovery import PORTS
from ..endpoints.many import adding, batch, pasted
from ..endpoints.many.form import ListForm
from ..models import Endpoint

WAIT = 10.0
"""Seconds for which a page without JavaScript waits for answers; with it they come one by one."""


@require_http_methods(["GET", "POST"])
def many(request: HttpRequest) -> HttpResponse:
    """The form for a list; a POST checks what it names, and saves nothing."""
    user = person(request) if request.method == "GET" else access.operator(request)
    if by_page.is_fleet_yaml(request.POST.get("text", "")):
        return _fleet_yaml(request, user, request.POST["text"])
    initial = {"team": request.GET.get("team", ""), "text": _earlier(request, user)}
    form = ListForm(request.POST if request.method == "POST" else None, user=user, initial=initial)
    if not (form.is_bound and form.is_valid()):
        return _form_page(request, form)
    started = batch.start(user, form.cleaned_data["team"], form.cleaned_data["text"])
    if started is None:
        form.add_error(None, batch.REFUSED)
        return _form_page(request, form)
    if request.POST.get("wait"):
        batch.wait(started, WAIT)
    return redirect("endpoint-add-checked", started.key)


def _earlier(request: HttpRequest, user: User) -> str:
    """The list that the person comes back from, to change it; "" where there is none."""
    try:
        rows = batch.load(user, request.GET["list"]).rows
    except (KeyError, batch.Gone):
        return ""
    if any(row.api_key for row in rows):
        messages.warning(request, "Keys are not shown again: add them to the list, or its servers are checked without.")
    return pasted.written(rows)


def _fleet_yaml(request: HttpRequest, user: User, text: str) -> HttpResponse:
    """What a fleet.yaml would change; it is carried out once that was shown for the very same text."""
    digest = blake2b(text.encode(), digest_size=16).hexdigest()
    carry_out = request.POST.get("shown") == digest
    shown: dict[str, Any] = {"text": text, "digest": digest}
    try:
        shown["differences"] = by_page.carry_out(user, text, dry_run=not carry_out)
    except FileMistakes as error:
        return render(request, "fleet/many_yaml.html", {**shown, "mistakes": error}, status=422)
    shown["summary"] = summary(shown["differences"], dry_run=False)
    if not carry_out:
        return render(request, "fleet/many_yaml.html", shown)
    messages.success(request, f"fleet.yaml is applied. {shown['summary']}")
    return redirect("board")


@require_http_methods(["GET", "POST"])
def checked(request: HttpRequest, key: str) -> HttpResponse:
    """A list with what answers where; a POST adds what is ticked of it."""
    user = person(request)
    try:
        found = batch.load(user, key)
    except batch.Gone:
        if not request.POST.get("url"):
            raise Http404("This list is not kept any more. Paste it again.") from None
        return _typed_again(request)
    rows = adding.rows(user, found, access.visible(user, Endpoint.objects.select_related("team")))
    shown = {"rows": rows, "key": key, "pending": sum(row.pending for row in rows)}
    if request.headers.get("HX-Request") and request.method == "GET":
        asked = set(request.GET.getlist("pending"))
        shown["rows"] = [row for row in rows if str(row.index) in asked and not row.pending]
        return render(request, "fleet/_many_came.html", shown)
    if request.method == "GET":
        return render(request, "fleet/many_checked.html", shown)
    ticked = {int(number) for number in request.POST.getlist("row") if number.isdecimal()}
    names = {row.index: request.POST.get(f"name-{row.index}", row.name) for row in rows}
    added = adding.add(user, rows, ticked, names)
    if added:
        messages.success(request, f"Added: {len(added)} endpoint{pluralize(len(added))}, to be probed at once.")
    if not any(row.ticked for row in rows) and added:
        several = len({row.team for row in rows}) > 1
        return redirect("board" if several else f"{reverse('board')}?team={added[0].team.slug}")
    shown["failed"] = sum(row.ticked for row in rows)
    shown["nothing"] = not added and not shown["failed"]
    return render(request, "fleet/many_checked.html", shown, status=422)


@require_POST
def add_found(request: HttpRequest) -> HttpResponse:
    """Adds servers of this machine: the one whose button was pressed, or all; the others stay offered."""
    user = access.operator(request)
    offered, only = request.POST.getlist("url")[: len(PORTS)], request.POST.get("only")
    team = teams_of(user, Role.OPERATOR).filter(slug=request.POST.get("team", "")).first()
    if team is None:
        messages.error(request, "Nothing was added. Choose one of your teams: an endpoint belongs to one.")
        return redirect("endpoint-discovered")
    added, problems = adding.add_found(user, team, [only] if only else offered)
    for sentence in problems:
        messages.error(request, f"Not added. {sentence}")
    if added:
        names = ", ".join(endpoint.name for endpoint in added)
        messages.success(request, f"Added to {team}: {names}. The first probe is on its way.")
    if len(added) < len(offered):
        return redirect("endpoint-discovered")
    return redirect(added[0] if len(added) == 1 else f"{reverse('board')}?team={team.slug}")


def _form_page(request: HttpRequest, form: ListForm) -> HttpResponse:
    shown = {"form": form, "most": pasted.MOST, "columns": pasted.COLUMNS}
    shown["team_less"] = not teams_of(person(request), Role.OPERATOR).exists()
    return render(request, "fleet/many.html", shown, status=422 if form.errors else 200)


def _typed_again(request: HttpRequest) -> HttpResponse:
    """The form with the list as it was in the table, which is all that is left of it."""
    rows = request.POST.getlist("url")[: pasted.MOST]
    names = request.POST.getlist("named")
    text = "\n".join(f"{name} {url}" for name, url in zip(names, rows, strict=False))
    messages.warning(request, "The list was kept for an hour and is gone. Check it again; keys have to be typed again.")
    return _form_page(request, ListForm(user=person(request), initial={"text": text}))
