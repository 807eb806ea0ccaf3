"""The pages about people and teams."""

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from . import access, first_account, people
from .forms import FirstAccountForm, TeamForm


@login_not_required
@never_cache
@sensitive_post_parameters()
def start(request: HttpRequest, token: str) -> HttpResponse:
    """Create your account: the one-time link from the log of a fresh installation."""
    if not first_account.is_open(token):
        raise Http404("This link is used up or mistyped. If you have an account, sign in.")
    form = FirstAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            user = first_account.create(data["username"], data["email"], data["password1"], data["team_name"])
        except first_account.TooLate:
            raise Http404("Someone created the first account a moment before you. Sign in instead.") from None
        login(request, user)
        return redirect("board")
    return render(request, "teams/start.html", {"form": form})


def teams(request: HttpRequest) -> HttpResponse:
    """The person's teams, and a form for a new one."""
    person = access.person(request)
    form = TeamForm(request.POST or None, initial={"mail_to": [person.email] if person.email else []})
    if request.method == "POST" and form.is_valid():
        team = people.new_team(person, form.cleaned_data["name"], form.cleaned_data["mail_to"])
        messages.success(request, f"{team} was created, and you are its first member.")
        return redirect("team", team.slug)
    return render(request, "teams/teams.html", {"teams": access.teams_of(person), "form": form})


def team(request: HttpRequest, slug: str) -> HttpResponse:
    """A team's members and where its mails go."""
    mine = access.member_team(access.person(request), slug)
    name = mine.name  # the form writes what was typed into the team, even if it is refused
    form = TeamForm(request.POST or None, instance=mine)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("team", mine.slug)
    members = User.objects.filter(teams=mine).order_by("username")
    return render(request, "teams/team.html", {"team": mine, "name": name, "form": form, "members": members})


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, with the sentence of the helper that refused where there is one."""
    said = exception.args[0] if exception.args and isinstance(exception.args[0], str) else ""
    return render(request, "404.html", {"said": said}, status=404)
