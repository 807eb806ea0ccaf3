"""The pages about teams."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from .. import access, confirmations, team_lifecycle
from ..accounts import people as queries
from ..forms import InvitationForm, TeamForm, TypedForm
from ..models import Role, Team
from ..refusals import NotThere, Refused
from .addresses import ask_new


@require_http_methods(["GET", "POST"])
def teams(request: HttpRequest) -> HttpResponse:
    """The person's teams, and a form for a new one."""
    person = access.person(request)
    form = TeamForm(request.POST or None)
    if request.method == "GET":
        form.initial = {"name": request.GET.get("name", ""), "mail_to": [person.email] if person.email else []}
    if request.method == "POST" and form.is_valid():
        try:
            team = team_lifecycle.new_team(person, form.cleaned_data["name"], form.cleaned_data["mail_to"])
            messages.success(request, f"{team} was created, and you own it.")
            ask_new(request, team)
            return redirect("team", team.slug)
        except Refused as refused:
            form.add_error("name", str(refused))
    return render(request, "teams/teams.html", {"teams": queries.teams_with_role(person), "form": form})


@require_http_methods(["GET", "POST"])
def team(request: HttpRequest, slug: str) -> HttpResponse:
    """A team's members, invitations, and where its mails go."""
    mine = access.team_of(request, slug, Role.OWNER if request.method == "POST" else Role.VIEWER)
    form = TeamForm(request.POST or None, team=mine)
    if request.method == "POST" and form.is_valid():
        try:
            team_lifecycle.change_team(
                access.person(request), mine, form.cleaned_data["name"], form.cleaned_data["mail_to"]
            )
            messages.success(request, "Saved.")
            ask_new(request, mine)
            return redirect("team", mine.slug)
        except NotThere as refused:
            raise Http404(str(refused)) from None
        except Refused as refused:
            form.add_error("name", str(refused))
    return page(request, mine, form=form)


def page(
    request: HttpRequest, team: Team, form: TeamForm | None = None, inviting: InvitationForm | None = None
) -> HttpResponse:
    """The team's page, with forms as they were typed."""
    shown = {
        "team": team,
        "form": form or TeamForm(team=team),
        "inviting": inviting or InvitationForm(),
        "members": queries.members(team),
        "invitations": queries.open_invitations(team),
        "roles": Role.choices,
        "pending": confirmations.pending(team),
        "is_owner": access.allows(request.user, team, Role.OWNER),
        "is_member": team.memberships.filter(user=request.user.pk).exists(),
    }
    return render(request, "teams/team.html", shown)


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Says what goes with the team, and deletes it once its name was typed."""
    mine = access.team_of(request, slug, Role.OWNER)
    form = TypedForm(request.POST or None, label="Type the team's name", wanted=mine.name)
    if request.method == "POST" and form.is_valid():
        try:
            team_lifecycle.delete_team(access.person(request), mine)
            messages.success(request, f"{mine} is deleted.")
            return redirect("teams")
        except NotThere as refused:
            raise Http404(str(refused)) from None
        except Refused as refused:
            form.add_error(None, str(refused))
    return render(
        request, "teams/delete.html", {"team": mine, "form": form, "goes": team_lifecycle.cascade_counts(mine)}
    )
