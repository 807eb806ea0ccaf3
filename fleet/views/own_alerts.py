"""Which teams' mails a person gets."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from teams.access import person, team_of
from teams.accounts import mail_address
from teams.refusals import Refused

from ..alerts import own_address


@require_http_methods(["GET", "POST"])
def own_alerts(request: HttpRequest) -> HttpResponse:
    """The person's teams, each with a switch for its mails to the address of the account."""
    user = person(request)
    confirmed = mail_address.confirmed(user)
    if request.method == "GET":
        shown = {"listed": own_address.listed(user), "confirmed": confirmed}
        return render(request, "fleet/own_alerts.html", shown)
    team = team_of(request, request.POST.get("team", ""))
    if request.POST.get("mails") != "on":
        own_address.switch_off(user, team)
        messages.success(request, f"No more mails of {team} go to {user.email}.")
    elif not confirmed:
        messages.error(request, "Confirm your email address first, so that nobody else gets the team's mails.")
    else:
        try:
            own_address.switch_on(user, team)
            messages.success(request, f"The mails of {team} go to {user.email}.")
        except Refused as refused:
            messages.error(request, str(refused))
    return redirect("own-alerts")
