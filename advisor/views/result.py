"""The result of the answers in the address, for anyone: page, Markdown and JSON of one computation."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from teams.access import anyone

from ..queries.evidence import own_figures
from ..queries.fitting import fitting
from ..recommendation.answers import to_query
from ..recommendation.values import Answers
from ..result.as_json import as_json
from ..result.as_markdown import as_markdown
from ..result.compute import read, result
from ..words import NOT_CONSIDERED


@login_not_required
@require_GET
def result_page(request: HttpRequest) -> HttpResponse:
    """The result. A form leaves empty fields in the address: those are dropped first, so that the link is short."""
    anyone(request)
    answers, ignored = read(request.GET)
    query = to_query(answers)
    if not ignored and request.GET and "" in request.GET.dict().values():
        return redirect(f"{request.path}?{query}")
    form_url = reverse("advisor")
    shown = {
        **result_parts(request, answers, form_url),
        "ignored": ignored,
        "link": request.build_absolute_uri(f"{request.path}?{query}"),
        "markdown_url": f"{reverse('advisor-markdown')}?{query}",
        "json_url": f"{reverse('advisor-json')}?{query}",
    }
    return render(request, "advisor/result.html", shown)


@login_not_required
@require_GET
def result_markdown(request: HttpRequest) -> HttpResponse:
    anyone(request)
    answers, _ = read(request.GET)
    return markdown_response(answers)


@login_not_required
@require_GET
def result_json(request: HttpRequest) -> HttpResponse:
    anyone(request)
    answers, ignored = read(request.GET)
    return json_response(answers, ignored)


def result_parts(request: HttpRequest, answers: Answers, form_url: str) -> dict[str, Any]:
    """What every result page needs."""
    page, user = result(answers, form_url), anyone(request)
    return {
        "page": page,
        "form_url": form_url,
        "fitting": fitting(user, page.recommendation.outcome) if user else [],
        "figures": own_figures(user) if user else [],
        "record_url": f"{reverse('decision-new')}?{page.query}" if user and page.summary.action != "answer" else "",
        "otherwise_url": f"{reverse('decision-new')}?{page.query}&otherwise=1#id_why_not",
        "not_considered": NOT_CONSIDERED,
    }


def markdown_response(answers: Answers) -> HttpResponse:
    return HttpResponse(as_markdown(result(answers)), content_type="text/markdown; charset=utf-8")


def json_response(answers: Answers, ignored: list[str]) -> HttpResponse:
    return JsonResponse(
        {**as_json(result(answers)), "ignored": ignored}, json_dumps_params={"indent": 2, "ensure_ascii": False}
    )
