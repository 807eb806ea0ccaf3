"""The form, for anyone: nothing is stored, the answers live in the address."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from teams.access import anyone, teams_of
from teams.models import Role

from .. import catalogue as catalogues
from ..form.page import GROUPS, following, groups, starters
from ..queries.requirements import of_teams
from ..recommendation.answers import to_query
from ..recommendation.values import Answers
from ..result.compute import read, result


@login_not_required
@require_GET
def form(request: HttpRequest) -> HttpResponse:
    """The questions with what they come to so far. A link may bring answers along."""
    user = anyone(request)
    answers, ignored = read(request.GET)
    url = reverse("advisor")
    shown = {
        **form_parts(answers, url),
        "profiles": starters(answers, url),
        "ignored": ignored,
        "teams": _teams(user),
        "requirements": of_teams(user) if user else [],
    }
    return render(request, "advisor/form.html", shown)


@login_not_required
@require_GET
def preview(request: HttpRequest) -> HttpResponse:
    """What the answers come to so far, and the questions that begin or cease to apply."""
    anyone(request)
    answers, _ = read(request.GET)
    url = reverse("advisor")
    shown = {**preview_parts(answers, url), **follow_parts(request.GET.get("asked", ""), answers)}
    response = render(request, "advisor/_preview_answer.html", shown)
    response["HX-Replace-Url"] = f"{url}?{to_query(answers)}" if answers else url  # reload and back lose nothing
    return response


@login_not_required
@require_GET
def check(request: HttpRequest) -> HttpResponse:
    """All answers on one page before the result."""
    user = anyone(request)
    answers, ignored = read(request.GET)
    page = result(answers, reverse("advisor"), changes=False)
    grouped = [
        {"id": id, "title": title, "said": [said for said in page.all_answers if said.question.group == id]}
        for id, title in GROUPS
    ]
    shown = {
        "page": page,
        "answer_groups": grouped,
        "said": [said for said in page.all_answers if said.text],
        "open": page.unanswered,
        "ignored": ignored,
        "form_url": reverse("advisor"),
        "teams": _teams(user),
    }
    return render(request, "advisor/check.html", shown)


def form_parts(answers: Answers, url: str) -> dict[str, Any]:
    """What the questions and the preview need; `url` is the form itself."""
    catalogue = catalogues.load()
    return {**preview_parts(answers, url), "groups": groups(answers, catalogue), "form_url": url}


def preview_parts(answers: Answers, url: str) -> dict[str, Any]:
    page = result(answers, url, changes=False)
    return {"preview": page}


def follow_parts(asked: str, answers: Answers) -> dict[str, Any]:
    """The conditional questions, where others are `asked` than apply now."""
    fields = following(answers, catalogues.load())
    changed = asked.split() != [field.question.id for field in fields]
    return {"follow": fields, "follow_changed": changed}


def _teams(user: User | None) -> Any:
    return teams_of(user, Role.OPERATOR) if user else []
