"""Inviting people to a team, and the page behind an invitation's link."""

from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from .. import access, invitations
from ..forms import InvitationForm, NewAccountForm
from ..models import Invitation, Role, Team
from ..refusals import NotThere, Refused
from .teams import page


@require_POST
@never_cache
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Invites someone, and shows the link this once. Takes up to 10 seconds while the mail goes out."""
    team = access.team_of(request, slug, Role.OWNER)
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return page(request, team, inviting=form)
    try:
        role = Role(form.cleaned_data["role"])
        made, token = invitations.invite(team, form.cleaned_data["email"], role, access.person(request))
    except NotThere as refused:
        raise Http404(str(refused)) from None
    except Refused as refused:
        form.add_error("email", str(refused))
        return page(request, team, inviting=form)
    shown = {
        "team": team,
        "invitation": made,
        "link": invitations.link(token),
        "trouble": invitations.send(made, token),
    }
    return render(request, "teams/invited.html", shown)


@require_POST
def withdraw(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    team = access.team_of(request, slug, Role.OWNER)
    invitation = access.one_of(Invitation.objects.filter(team=team), pk, "The team has no such invitation (any more).")
    try:
        invitations.withdraw(invitation, access.person(request))
    except NotThere as refused:
        raise Http404(str(refused)) from None
    messages.success(request, f"The invitation of {invitation.email} is withdrawn. Its link does nothing any more.")
    return redirect("team", team.slug)


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Join a team: with the account that is signed in, or with a new one. Opening it changes nothing."""
    user = access.anyone(request)
    found = invitations.find(token)
    if found is None:
        raise Http404(invitations.GONE)
    form = NewAccountForm(request.POST or None)
    try:
        if request.method == "POST" and user:
            joined = invitations.accept(found, user)
            messages.success(request, _welcome(joined.role, found.team))
            return redirect(_board(found.team))
        if request.method == "POST" and form.is_valid():
            data = form.cleaned_data
            proved = invitations.came_by_mail(token)
            user = invitations.register(found, data["username"], data["password1"], proved=proved)
            messages.success(request, _welcome(found.role, found.team))
            return perform_login(request, user, redirect_url=_board(found.team))
    except (invitations.Gone, NotThere) as refused:
        raise Http404(str(refused)) from None
    except Refused as refused:
        form.add_error(None, str(refused))
    member = found.team.memberships.filter(user=user).first() if user else None
    shown = {"invitation": found, "team": found.team, "form": form, "member": member}
    return render(request, "teams/invitation.html", shown)


def _welcome(role: str, team: Team) -> str:
    return f"Welcome. You are {Role(role).label.lower()} of {team}; this is its board."


def _board(team: Team) -> str:
    return f"{reverse('board')}?team={team.slug}"
