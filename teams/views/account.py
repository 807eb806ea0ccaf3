"""The pages about one's own account and its user name."""

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core import display, time_zones

from .. import access
from ..accounts import mail_address, own_display
from ..accounts import user_name as names
from ..accounts.people import teams_with_role
from ..forms import DisplayForm, UserNameForm
from ..refusals import Refused


@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Who one is here, and how times and colours are shown."""
    person = access.person(request)
    form = DisplayForm(request.POST or None, shown=display.Display.for_request(request))
    if request.method == "POST" and form.is_valid():
        chosen = display.Display(**form.cleaned_data)
        own_display.choose(request, person, chosen)
        messages.success(request, "Saved for your account.")
        answer = redirect("account")
        answer.set_cookie(  # for the pages of who is signed out
            display.COOKIE,
            chosen.cookie,
            max_age=display.MAX_AGE,
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )
        return answer
    shown = {
        "form": form,
        "confirmed": mail_address.confirmed(person),
        "teams": teams_with_role(person),
        "zones": time_zones.places(),
    }
    return render(request, "teams/account.html", shown)


@reauthentication_required(allow_get=True)
@require_http_methods(["GET", "POST"])
def user_name(request: HttpRequest) -> HttpResponse:
    """The form for another user name."""
    person = access.person(request)
    form = UserNameForm(request.POST or None, own=person)
    if form.is_valid():
        try:
            names.change(person, form.cleaned_data["username"])
            get_adapter().send_notification_mail("account/email/user_name_changed", person)
            messages.success(request, f"Your user name is {person.username}.")
            return redirect("account")
        except Refused as refused:
            form.add_error("username", str(refused))
    return render(request, "teams/user_name.html", {"form": form})
