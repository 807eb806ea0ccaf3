"""The saved answers that a person may see."""

from django.contrib.auth.models import User
from django.db.models import QuerySet

from teams.access import teams_of

from ..models import Requirement

SHOWN = 50


def of_teams(user: User) -> QuerySet[Requirement]:
    """The requirements of the person's teams, the last changed first."""
    found = Requirement.objects.filter(team__in=teams_of(user)).select_related("team", "updated_by")
    return found.order_by("-updated_at", "-pk")[:SHOWN]


def earlier(requirement: Requirement) -> QuerySet[Requirement]:
    """The other requirements of the same team, the last changed first."""
    others = Requirement.objects.filter(team=requirement.team).exclude(pk=requirement.pk)
    return others.order_by("-updated_at", "-pk")[:SHOWN]
