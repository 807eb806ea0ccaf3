"""The health pages: for load balancers and service managers, and with the details for those who may know them."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.http import require_safe

from core.health import OK, report
from teams.access import anyone
from teams.models import Scope
from teams.tokens import TokenRefused, bearer

NOT_OK = "not ok"

HEADER = "X-Plimsoll-Health"
"""The header in which `manage.py up` sends `own_pass()`."""


def own_pass() -> str:
    """What shows that a request comes from this installation: only who has SECRET_KEY can compute it.

    An address would not do, since a proxy on this machine comes from there too, with everybody's requests.
    """
    return salted_hmac("ops.health_pages", "ready").hexdigest()


@login_not_required
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 as soon as the web server answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 once every part does its work, else 503; the body names each part, and its trouble for administrators."""
    parts = report()
    status = 200 if set(parts.values()) == {OK} else 503
    if status != 200 and not _may_know(request):
        parts = {part: text if text == OK else NOT_OK for part, text in parts.items()}
    return JsonResponse(parts, status=status, headers={"Cache-Control": "no-store"})


def _may_know(request: HttpRequest) -> bool:
    """Whether this is an administrator, by session or API token, or `manage.py up`."""
    if HEADER in request.headers:
        return constant_time_compare(request.headers[HEADER], own_pass())
    try:
        user = bearer(request, Scope.STATUS).user if "Authorization" in request.headers else anyone(request)
    except (TokenRefused, DatabaseError):  # without the database nobody is known
        return False
    return user is not None and user.is_superuser
