"""The decision log, a decision, and what people do with it. Only members of its team get there."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from teams.access import one_of, person, teams_of
from teams.models import Role

from .. import access
from .. import catalogue as catalogues
from ..decisions import actions, as_markdown
from ..decisions.draft import OTHERWISE, advised, from_advice, from_old
from ..decisions.forms import DecisionForm, ReviewForm, initial_of
from ..decisions.frozen_advice import freeze
from ..models import Decision, FrozenBody
from ..models.decision import Choice, Status
from ..next_steps import review_on
from ..queries import decisions as queries
from ..queries.evidence import day_of, thresholds
from ..recommendation.answers import clean
from ..result.compute import result
from ..result.result import Result
from . import posted

Answers = tuple[Any, list[str]]


@require_GET
def log(request: HttpRequest) -> HttpResponse:
    user = person(request)
    wanted = queries.Filters.of(request.GET)
    shown = {
        "page": queries.listing(user, wanted, request.GET.get("page", 1)),
        "filters": wanted,
        "teams": teams_of(user).values_list("slug", "name"),
        "statuses": [(status, status) for status in Status.values],
        "engines": Choice.choices,
        "reviews": queries.REVIEWS,
        "evidence": queries.EVIDENCE,
    }
    return render(request, "advisor/decisions.html", shown)


@require_GET
def decision(request: HttpRequest, pk: int) -> HttpResponse:
    """One decision, as it was taken and as it stands, or stood on the day `as_of`."""
    found = access.see_decision(request, pk)
    return _decision_page(request, found, ReviewForm(initial={"next_on": review_on(timezone.localdate())}))


def _decision_page(request: HttpRequest, found: Decision, review: ReviewForm, status: int = 200) -> HttpResponse:
    whole = queries.whole(found, day_of(request.GET.get("as_of", "")))
    may_change = not whole.as_of and access.may_change(person(request), found)
    link = request.build_absolute_uri(request.path)
    shown = {"whole": whole, "decision": found, "review": review, "may_change": may_change, "link": link}
    return render(request, "advisor/decision.html", shown, status=status)


@require_GET
def evidence(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """What the fleet said of a decision from one moment on, with all that it was judged by."""
    found = access.see_decision(request, pk)
    kept = one_of(found.evidence.all(), row, "No evidence about this decision has this number.")
    return render(
        request, "advisor/decision_evidence.html", {"decision": found, "kept": kept, "thresholds": thresholds(kept)}
    )


@require_GET
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """The frozen answers on today's catalogue, beside what was."""
    found = access.see_decision(request, pk)
    return render(request, "advisor/decision_again.html", {"again": queries.again(found)})


@require_GET
def markdown(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.see_decision(request, pk)
    name = as_markdown.file_name(found)
    return _file(as_markdown.render(found), "text/markdown; charset=utf-8", name)


@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """All decisions of the person's teams, one file each."""
    packed = actions.export_archive(access.decisions_of(person(request)))
    return _file(packed, "application/zip", f"decisions-{timezone.localdate()}.zip")


def _file(content: str | bytes, kind: str, name: str) -> HttpResponse:
    disposition = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": disposition})


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Record a decision. The answers travel in the address, so the advice is computed here and never posted."""
    user = person(request)
    pk = request.GET.get("supersedes", "")
    old = access.change_decision(request, int(pk)) if pk.isdecimal() else None
    answers, unknown = _answers(request, old)
    today = result(answers, changes=False)
    advice = freeze(today)
    if request.method == "GET":
        form = DecisionForm(user=user, outcome=advice["outcome"], initial=_first_values(request, user, today, old))
        return _form_page(request, form, advice, unknown=unknown, old=old)
    form = DecisionForm(request.POST, user=user, outcome=advice["outcome"])
    if request.POST.get("seen") != today.recommendation.catalogue_version:
        form.add_error(None, "The catalogue has changed since you opened this form. Look at the advice again.")
    if form.is_valid():
        try:
            made = actions.record(
                user,
                posted.key(request),
                form.cleaned_data["team"],
                answers,
                catalogues.load(),
                body=form.body(),
                endpoints=form.cleaned_data["endpoints"],
                supersedes=old,
                status=request.POST.get("status", Status.DRAFT),
            )
        except actions.UsedUp as refused:
            form.add_error(None, str(refused))
            return _form_page(request, form, advice, unknown=unknown, old=old, key=uuid4(), status=422)
        except actions.NotAllowed as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"“{made.title}” is recorded as {made.status}.")
            return redirect(made)
    return _form_page(request, form, advice, unknown=unknown, old=old, status=422)


def _answers(request: HttpRequest, old: Decision | None) -> Answers:
    """The answers of the address; without any, those of the decision that is to be superseded."""
    given = request.GET.copy()
    for own in ("supersedes", "otherwise"):
        given.pop(own, None)
    return clean(old.answers if old and not given else dict(given.lists()), catalogues.load())


def _first_values(request: HttpRequest, user: User, today: Result, old: Decision | None) -> dict[str, Any]:
    name = user.get_full_name() or user.get_username()
    if old:
        return from_old(old, name, today.on)
    return from_advice(today, name) | (OTHERWISE if "otherwise" in request.GET else {})


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a decision that is still open."""
    found = access.change_decision(request, pk)
    user = person(request)
    outcome = found.recommendation["outcome"]
    if not found.is_open:
        messages.error(request, str(FrozenBody("all of it")))
        return redirect(found)
    if request.method == "GET":
        form = DecisionForm(user=user, outcome=outcome, decision=found, initial=initial_of(found))
        return _form_page(request, form, found.recommendation)
    form = DecisionForm(request.POST, user=user, outcome=outcome, decision=found)
    if not form.is_valid():
        return _form_page(request, form, found.recommendation, version=posted.version(request), status=422)
    try:
        actions.edit(user, found, posted.version(request), form.body(), form.cleaned_data["endpoints"])
    except actions.Stale as stale:
        return _form_page(request, form, found.recommendation, version=stale.now.version, stale=stale.now, status=409)
    except FrozenBody as refused:  # accepted by another since the check above
        messages.error(request, str(refused))
        return redirect(found)
    messages.success(request, "Saved.")
    return redirect(found)


def _form_page(
    request: HttpRequest, form: DecisionForm, advice: dict[str, Any], *, status: int = 200, **more: Any
) -> HttpResponse:
    found = form.decision
    shown = {
        "form": form,
        "decision": found,
        "advice": advice,
        "advised": advised(advice["outcome"]),
        "texts": [form[name] for name in ("why_not", "rationale", "context", "consequences", "confirmation")],
        "key": request.POST.get("key") or uuid4(),
        "version": found.version if found else 0,
        "seen": catalogues.load().version,
        "team_less": not teams_of(person(request), Role.OPERATOR).exists(),
    }
    return render(request, "advisor/decision_form.html", shown | more, status=status)


@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.change_decision(request, pk)
    user = person(request)
    try:
        moved = actions.move(user, found, posted.version(request), request.POST.get("status", ""))
    except actions.Stale:
        messages.error(request, "Someone changed this decision meanwhile. See it as it is now, then try again.")
    except actions.NotAllowed as refused:
        messages.error(request, f"Nothing was changed. {refused}")
    else:
        messages.success(request, f"“{moved.title}” is {moved.status} now.")
    return redirect(found)


@require_POST
def reviewed(request: HttpRequest, pk: int) -> HttpResponse:
    """It still holds: set the date of the next review."""
    found = access.change_decision(request, pk)
    user = person(request)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _decision_page(request, found, form, status=422)
    try:
        actions.reviewed(user, found, posted.version(request), form.cleaned_data["next_on"], form.cleaned_data["note"])
    except actions.Stale:
        form.add_error(None, "Someone changed this decision meanwhile. See it as it is now, then try again.")
    except actions.NotAllowed as refused:
        form.add_error("next_on", str(refused))
    else:
        messages.success(request, "The review is recorded.")
        return redirect(found)
    return _decision_page(request, found, form, status=422)
