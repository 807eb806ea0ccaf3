"""The page on which people change the email address of their account, and the one behind the link in the mail."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from .. import access
from ..accounts import mail_address
from ..forms import MailAddressForm
from ..refusals import Refused


@reauthentication_required(allow_get=True)
@require_http_methods(["GET", "POST"])
def address(request: HttpRequest) -> HttpResponse:
    """The address, and a form that has a link sent to another one. Takes up to 10 seconds while the mail goes out."""
    person = access.person(request)
    confirmed = mail_address.confirmed(person)
    form = MailAddressForm(request.POST or None, initial={"email": "" if confirmed else person.email})
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data["email"]
        try:
            mail_address.ask(person, wanted)
            messages.success(request, f"A mail is on its way to {wanted}. Open the link in it within a day.")
            return redirect("mail-address")
        except Refused as refused:
            form.add_error("email", str(refused))
    shown = {"form": form, "confirmed": confirmed}
    return render(request, "teams/mail_address.html", shown)


@never_cache
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Behind the link in the mail. Opening it changes nothing."""
    person = access.person(request)
    try:
        if request.method == "POST":
            change = mail_address.confirm(person, token)
            messages.success(request, f"The email address of your account is {change.after}.")
            return redirect("mail-address")
        change = mail_address.find(person, token)
    except Refused as refused:
        raise Http404(str(refused)) from None
    return render(request, "teams/mail_confirm.html", {"change": change})
