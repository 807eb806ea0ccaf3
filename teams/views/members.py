"""What owners do about members, and how one leaves."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from .. import access, members, tokens
from ..forms import RoleForm
from ..models import Role, Team
from ..refusals import NotThere, Refused


@require_POST
def change_role(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    team = access.team_of(request, slug, Role.OWNER)
    user, form = _member(team, pk), RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose one of the roles. Nothing was changed.")
        return redirect("team", team.slug)
    role = Role(form.cleaned_data["role"])
    _try(
        request,
        lambda: members.change_role(access.person(request), team, user, role),
        f"{user} is {role.label.lower()} of {team} now.",
    )
    return redirect("team", team.slug)


@require_POST
def remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    team = access.team_of(request, slug, Role.OWNER)
    user = _member(team, pk)
    done = f"{user} is no member of {team} any more."
    removed = _try(request, lambda: members.remove(access.person(request), team, user), done)
    if removed and (still := tokens.outliving(user, team)):
        messages.warning(request, still)
    return redirect("teams") if user == request.user else redirect("team", team.slug)


@require_POST
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    team = access.team_of(request, slug)
    user = access.person(request)
    left = _try(request, lambda: members.leave(user, team), f"You left {team}.")
    if left and (still := tokens.outliving(user, team)):
        messages.warning(request, still)
    return redirect("teams") if left else redirect("team", team.slug)


def _member(team: Team, pk: int) -> User:
    return access.one_of(User.objects.filter(memberships__team=team), pk, "The team has no such member (any more).")


def _try(request: HttpRequest, act: Callable[[], None], done: str) -> bool:
    """Does it, and says so, or why not. Raises Http404 for what is not there any more for who asks."""
    try:
        act()
    except NotThere as refused:
        raise Http404(str(refused)) from None
    except Refused as refused:
        messages.error(request, str(refused))
        return False
    messages.success(request, done)
    return True
