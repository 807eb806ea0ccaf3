"""A team's saved answers: made from a link, changed by any member, read by all of them and by whom they let in."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from teams.access import anyone, person, preset_team, teams_of
from teams.models import Role

from .. import access, requirements
from .. import catalogue as catalogues
from ..models import Requirement
from ..queries.evidence import own_figures
from ..queries.fitting import fitting, team_endpoints
from ..queries.results import differing, earlier_results
from ..recommendation.answers import clean, to_query
from ..recommendation.values import Answers
from ..result.compute import read
from . import posted
from .form import follow_parts, form_parts, preview_parts
from .result import json_response, markdown_response, result_parts

NAME_LENGTH = 120


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Give the answers of the address a name and a team. The same form posted twice makes one requirement."""
    user = person(request)
    query = request.POST.get("answers", "") if request.method == "POST" else request.GET.urlencode()
    answers, ignored = read(QueryDict(query))
    if request.method == "GET":
        return _save_page(request, user, answers, ignored, [])
    name, team = _name(request), teams_of(user, Role.OPERATOR).filter(slug=request.POST.get("team", "")).first()
    errors = [] if name else ["Give it a name, so that the team finds it again."]
    if team is None:
        errors.append("Choose one of your teams: saved answers belong to a team.")
    if errors or team is None:
        return _save_page(request, user, answers, ignored, errors, 422)
    try:
        made = requirements.create(posted.key(request), team, user, name, answers, catalogues.load().version)
    except requirements.TooMany as error:
        return _save_page(request, user, answers, ignored, [str(error)], 422)
    if not access.may_change(user, made):  # somebody else's key
        return _save_page(request, user, answers, ignored, ["This form was used up. Press Save once more."], 422)
    messages.success(request, f"{made.name} is saved for {made.team}. From now on every change is saved at once.")
    return redirect(made)


def _save_page(
    request: HttpRequest, user: User, answers: Answers, ignored: list[str], errors: list[str], status: int = 200
) -> HttpResponse:
    shown = {
        "query": to_query(answers),
        "ignored": ignored,
        "errors": errors,
        "teams": teams_of(user, Role.OPERATOR),
        "name": _name(request),
        "team": request.POST.get("team") or (preset.slug if (preset := preset_team(user)) else ""),
        "key": uuid4() if status != 200 else request.POST.get("key") or uuid4(),
    }
    return render(request, "advisor/save.html", shown, status=status)


@require_GET
def requirement(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.see_requirement(request, pk)
    user = person(request)
    answers, ignored = _stored(found)
    may_change = access.may_change(user, found)
    # Who may not change it tries other answers in the form that stores nothing.
    shown = result_parts(request, answers, reverse("requirement-edit", args=[pk]) if may_change else reverse("advisor"))
    outcome = shown["page"].recommendation.outcome
    shown |= {
        "requirement": found,
        "ignored": ignored,
        "fitting": fitting(user, outcome, found.team),
        "figures": own_figures(user, found.team),
        "team_part": True,
        "earlier": earlier_results(found, answers),
        "endpoints": team_endpoints(found.team),
        "may_change": may_change,
        "link": request.build_absolute_uri(request.path),
        "public_link": _public_link(request, found),
        "markdown_url": reverse("requirement-markdown", args=[pk]),
        "json_url": reverse("requirement-json", args=[pk]),
    }
    if not may_change:
        shown["record_url"] = ""
    return render(request, "advisor/result.html", shown)


@require_GET
def as_markdown(request: HttpRequest, pk: int) -> HttpResponse:
    return markdown_response(_stored(access.see_requirement(request, pk))[0])


@require_GET
def as_json(request: HttpRequest, pk: int) -> HttpResponse:
    return json_response(*_stored(access.see_requirement(request, pk)))


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of saved answers. A link may bring other answers along: they are shown, and saved with a button."""
    found = access.change_requirement(request, pk)
    user = person(request)
    if request.method == "GET":
        proposed, ignored = read(request.GET) if request.GET else _stored(found)
        return _edit_page(request, found, proposed, ignored=ignored)
    answers, ignored = read(request.POST)
    try:
        _save(request, found, user, answers, posted.version(request, "over") or posted.version(request))
    except requirements.Stale as stale:
        return _edit_page(request, found, answers, ignored=ignored, **_stale(stale, answers), status=409)
    return redirect(found)


@require_POST
def autosave(request: HttpRequest, pk: int) -> HttpResponse:
    """Save what the form holds and answer with the preview. A stale form is refused with the reason."""
    found = access.change_requirement(request, pk)
    user = person(request)
    answers, _ = read(request.POST)
    url = reverse("requirement-edit", args=[pk])
    shown = {
        **preview_parts(answers, url),
        **follow_parts(request.POST.get("asked", ""), answers),
        "form_url": url,
    }
    try:
        shown["saved"] = _save(request, found, user, answers, posted.version(request))
    except requirements.Stale as stale:
        shown |= _stale(stale, answers)
    return render(request, "advisor/_preview_answer.html", shown)


@require_POST
def share(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.change_requirement(request, pk)
    requirements.share(found)
    messages.success(request, "Anyone who has the link can read this result now.")
    return redirect(f"{found.get_absolute_url()}#share")


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.change_requirement(request, pk)
    requirements.withdraw(found)
    messages.success(request, "The link is withdrawn: it leads nowhere from now on.")
    return redirect(f"{found.get_absolute_url()}#share")


@login_not_required
@never_cache
@require_GET
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """The result as everyone with the link may read it: no team pages, no endpoints, no changes."""
    anyone(request)
    found = access.shared_requirement(token)
    answers, _ = _stored(found)
    shown = result_parts(request, answers, reverse("advisor"))
    query = to_query(answers)
    shown |= {
        "requirement": found,
        "read_only": True,
        "fitting": [],
        "figures": [],
        "record_url": "",
        "link": request.build_absolute_uri(request.path),
        "markdown_url": f"{reverse('advisor-markdown')}?{query}",
        "json_url": f"{reverse('advisor-json')}?{query}",
    }
    response = render(request, "advisor/result.html", shown)
    response["Referrer-Policy"] = "no-referrer"  # the link is the key
    return response


def _stored(found: Requirement) -> tuple[Answers, list[str]]:
    return clean(found.answers, catalogues.load())


def _save(request: HttpRequest, found: Requirement, user: User, answers: Answers, version: int) -> Requirement:
    return requirements.save(found, version, user, answers, catalogues.load().version, _name(request))


def _stale(stale: requirements.Stale, answers: Answers) -> dict[str, Any]:
    """What a stale form says. Its button (not the next change) then saves over the version that is there now."""
    return {"stale": stale.now, "differences": differing(answers, _stored(stale.now)[0])}


def _edit_page(
    request: HttpRequest, found: Requirement, answers: Answers, *, status: int = 200, **more: Any
) -> HttpResponse:
    url = reverse("requirement-edit", args=[found.pk])
    shown = {
        **form_parts(answers, url),
        "requirement": found,
        "version": posted.version(request) or found.version,
        "name": _name(request) or found.name,
        **more,
    }
    return render(request, "advisor/form.html", shown, status=status)


def _public_link(request: HttpRequest, found: Requirement) -> str:
    if not found.share_token:
        return ""
    return request.build_absolute_uri(reverse("requirement-shared", args=[found.share_token]))


def _name(request: HttpRequest) -> str:
    return " ".join(request.POST.get("name", "").split())[:NAME_LENGTH]
