"""The outbox."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from ..models import Alert
from ..queries.alerts import listing


@require_GET
def alerts(request: HttpRequest) -> HttpResponse:
    """What was sent, what waits and what could not be sent. Any signed-in person may see it."""
    state = request.GET.get("state", "")
    page = listing(state, request.GET.get("page", 1))
    shown = {"page": page, "state": state, "states": Alert.State.choices, "mail_works": settings.EMAIL_CONFIGURED}
    return render(request, "fleet/alerts.html", {**shown, "nav": "alerts"})
