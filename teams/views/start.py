"""Signing in, and the one-time link of an installation without an administrator."""

from allauth.account.utils import perform_login
from allauth.account.views import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from .. import access
from ..accounts import first_account
from ..forms import FirstAccountForm
from ..refusals import Refused


@login_not_required
def sign_in(request: HttpRequest) -> HttpResponse:
    """The page to sign in on; while there is no account, the way to the first one instead."""
    access.anyone(request)
    return login(request) if User.objects.exists() else render(request, "teams/first_visit.html")


@login_not_required
@never_cache
@sensitive_post_parameters()
def start(request: HttpRequest, token: str) -> HttpResponse:
    """Create an administrator's account: the one-time link from the log."""
    access.anyone(request)
    if not first_account.is_open(token):
        raise Http404("This link is used up or mistyped. If you have an account, sign in.")
    form = FirstAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            user = first_account.create(data["username"], data["email"], data["password1"], data["team_name"])
            return perform_login(request, user, redirect_url=reverse("board"))
        except first_account.TooLate:
            raise Http404("There is an administrator since a moment ago. Sign in instead.") from None
        except Refused as refused:
            form.add_error(None, str(refused))
    return render(request, "teams/start.html", {"form": form, "others": User.objects.exists()})
