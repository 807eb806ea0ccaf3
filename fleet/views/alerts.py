"""The outbox."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from core import fence
from teams import audit
from teams.access import person

from .. import access
from ..alerts import delivery
from ..models import Message
from ..queries import alerts as queries
from ..queries import put_off


@require_GET
def alerts(request: HttpRequest) -> HttpResponse:
    """What was sent, what waits and what could not be sent, as far as the person may see the fleet."""
    user = person(request)
    state, number = request.GET.get("state", ""), request.GET.get("page", "1")
    team = request.GET.get("team", "")
    first = not state and number == "1"
    shown = {
        "state": state,
        "team": team,
        "teams": access.visible_teams(user).values_list("slug", "name"),
        "states": queries.STATES,
        "mail_works": settings.EMAIL_CONFIGURED,
        "page": queries.dropped(user, number, team)
        if state == queries.DROPPED
        else queries.listing(user, state, number, team),
        "dead": queries.dead_letters(user, team) if first else None,
        "waiting": queries.not_gathered(user, team) if first else None,
        "nobody": queries.reached_nobody(user, team) if first else None,
        "put_off": put_off.listed(user, team) if first else None,
        "over_limit": queries.over_limit(user),
        "mails_per_hour": settings.MAILS_PER_HOUR,
    }
    return render(request, "fleet/alerts.html", shown)


@require_POST
def message_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Sends a message that was given up once more."""
    message = access.change_message(request, pk)
    if message.state != Message.State.GIVEN_UP:
        messages.warning(request, "This message was not given up, so there is nothing to send again.")
    else:
        delivery.send_again(message)
        messages.success(request, f"It is sent again to {message.recipient}. The answer shows here in a few seconds.")
    return redirect("alerts")


@require_POST
def put_off_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Has the next sweep try once more what was put off or given up."""
    found = access.change_put_off(request, pk)
    fence.try_again(found)
    audit.record("put_off.tried_again", team=found.team, what=found, name=put_off.what(found))
    messages.success(request, "The next sweep tries it again. What comes of it shows here.")
    return redirect("alerts")
