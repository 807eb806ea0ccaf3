"""What programs ask for: the board as JSON, and our own metrics. Tokens alone open it, so cookies never matter."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from teams import tokens
from teams.access import anyone
from teams.models import Scope

from ..access import team_seen
from ..metrics import CONTENT_TYPE, text
from ..queries import api as query
from ..verdict.status import Status

Answer = Callable[[HttpRequest, tokens.Bearer], HttpResponse]


@login_not_required
@csrf_exempt  # nothing changes here and no cookie counts; a POST is to hear 405 in JSON
def status(request: HttpRequest) -> HttpResponse:
    """The board as JSON, for tokens with the scope status:read."""
    return _for_token(request, Scope.STATUS, _status)


@login_not_required
@csrf_exempt
def metrics(request: HttpRequest) -> HttpResponse:
    """Our own metrics in the text format of Prometheus, for tokens with the scope metrics:read."""
    return _for_token(request, Scope.METRICS, _metrics)


@login_not_required
@csrf_exempt
def nothing(request: HttpRequest, rest: str) -> HttpResponse:
    """Any other address below /api/: 404 in JSON."""
    anyone(request)
    return _error(404, "not_found", "There is no such address. The board is at /api/v1/status.")


def _for_token(request: HttpRequest, scope: Scope, answer: Answer) -> HttpResponse:
    """The answer for a token with the scope; errors are JSON, and no cache keeps any of it."""
    try:
        bearer = tokens.bearer(request, scope)
    except tokens.TokenRefused as refused:
        return _error(refused.status, refused.code, refused.sentence, refused.headers)
    if request.method not in ("GET", "HEAD"):
        return _error(405, "method_not_allowed", "Only GET is answered here.", {"Allow": "GET, HEAD"})
    response = answer(request, bearer)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _status(request: HttpRequest, bearer: tokens.Bearer) -> HttpResponse:
    asked = query.Asked(
        request.GET.get("team", "").strip(),
        request.GET.get("status", "").strip(),
        request.GET.get("tag", "").strip().lower(),
    )
    if asked.team and not team_seen(bearer, asked.team):
        return _error(404, "team_not_found", "This token sees no such team.")
    if asked.status and asked.status not in list(Status):
        return _error(404, "status_not_found", f"There is no such status. There are: {', '.join(Status)}.")
    return JsonResponse(query.status(bearer, asked))


def _metrics(request: HttpRequest, bearer: tokens.Bearer) -> HttpResponse:
    return HttpResponse(text(bearer), content_type=CONTENT_TYPE)


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> JsonResponse:
    body = {"error": {"code": code, "message": message}}
    return JsonResponse(body, status=status, headers={"Cache-Control": "no-store", **(headers or {})})
