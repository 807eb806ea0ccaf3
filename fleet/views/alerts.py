"""The outbox."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from teams.access import person, teams_of

from ..alerts import delivery
from ..models import Message
from ..queries import alerts as queries


@require_GET
def alerts(request: HttpRequest) -> HttpResponse:
    """What was sent, what waits and what could not be sent. Any signed-in person may see it."""
    user = person(request)
    state, number = request.GET.get("state", ""), request.GET.get("page", "1")
    teams = list(teams_of(user))
    whose = {team.pk for team in teams}, user.is_superuser
    first = not state and number == "1"
    shown = {
        "state": state,
        "states": queries.STATES,
        "teams": teams,
        "mail_works": settings.EMAIL_CONFIGURED,
        "page": queries.dropped(number) if state == queries.DROPPED else queries.listing(state, number, *whose),
        "dead": queries.dead_letters(*whose) if first else None,
        "waiting": queries.not_gathered() if first else None,
    }
    return render(request, "fleet/alerts.html", {**shown, "nav": "alerts"})


@require_POST
def message_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Sends a message that was given up once more; what belongs to no team is for who runs the installation."""
    user = person(request)
    rows = Message.objects.all() if user.is_superuser else Message.objects.filter(team__in=teams_of(user))
    message = rows.filter(pk=pk).first()
    if message is None:
        raise Http404("None of your teams has this message.")
    if message.state != Message.State.GIVEN_UP:
        messages.warning(request, "This message was not given up, so there is nothing to send again.")
    else:
        delivery.send_again(message)
        messages.success(request, f"It is sent again to {message.recipient}. The answer shows here in a few seconds.")
    return redirect("alerts")
