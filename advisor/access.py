"""Who may see and change which requirement and decision. One of these is a view's first line; strangers get 404."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from teams.access import allows, anyone, one_of, operated, person, teams_of
from teams.models import Role

from .models import Decision, Requirement

NO_REQUIREMENT = "No requirement of your teams has this number."
NO_DECISION = "No decision of your teams has this number."


def decisions_of(user: User) -> QuerySet[Decision]:
    return Decision.objects.filter(team__in=teams_of(user)).select_related("team", "superseded_by", "supersedes")


def see_requirement(request: HttpRequest, pk: int) -> Requirement:
    """The requirement, for members of its team; raises Http404 for anyone else."""
    rows = Requirement.objects.select_related("team", "updated_by").filter(team__in=teams_of(person(request)))
    return one_of(rows, pk, NO_REQUIREMENT)


def change_requirement(request: HttpRequest, pk: int) -> Requirement:
    """The requirement, for operators of its team. Raises Http404 for strangers, PermissionDenied for viewers."""
    return operated(request, Requirement.objects.select_related("team", "updated_by"), pk, NO_REQUIREMENT)


def see_decision(request: HttpRequest, pk: int) -> Decision:
    """The decision, for members of its team; raises Http404 for anyone else."""
    return one_of(decisions_of(person(request)), pk, NO_DECISION)


def change_decision(request: HttpRequest, pk: int) -> Decision:
    """The decision, for operators of its team. Raises Http404 for strangers, PermissionDenied for viewers."""
    rows = Decision.objects.select_related("team", "superseded_by", "supersedes")
    return operated(request, rows, pk, NO_DECISION)


def guide(request: HttpRequest) -> HttpResponse | None:
    """None where the guide may be read: by everyone if it is public, else by who is signed in. Else the way there."""
    if settings.ENVIRONMENT["GUIDE_PUBLIC"] or anyone(request) is not None:
        return None
    return redirect_to_login(request.get_full_path())


def shared_requirement(token: str) -> Requirement:
    """The requirement that was shared under this token; raises Http404 once the link is withdrawn."""
    found = Requirement.objects.select_related("team").filter(share_token=token).first()
    if found is None:
        raise Http404("This link was withdrawn, or a part of it is missing. Ask whoever sent it for a new one.")
    return found


def may_change(user: Any, found: Requirement | Decision) -> bool:
    return allows(user, found.team_id, Role.OPERATOR)
