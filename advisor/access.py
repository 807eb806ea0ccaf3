"""Who may see and change which requirement. Views call one of these first; strangers get 404."""

from django.contrib.auth.models import User
from django.http import Http404
from django.shortcuts import get_object_or_404

from teams.access import teams_of

from .models import Requirement


def team_requirement(user: User, pk: int) -> Requirement:
    """The requirement, for who may act for its team; raises Http404 for anyone else."""
    found = Requirement.objects.select_related("team", "updated_by").filter(pk=pk, team__in=teams_of(user)).first()
    if found is None:
        raise Http404("No requirement of your teams has this number.")
    return found


def shared_requirement(token: str) -> Requirement:
    """The requirement that was shared under this token; raises Http404 once the link is withdrawn."""
    return get_object_or_404(Requirement.objects.select_related("team"), share_token=token)
