"""Who belongs to which team. Views call one of these first; strangers get 404."""

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from .models import Team


def person(request: HttpRequest) -> User:
    """Who asks. Pages without @login_not_required are only reached by people who are signed in."""
    if not isinstance(request.user, User):
        raise Http404("Sign in first.")
    return request.user


def teams_of(user: User) -> QuerySet[Team]:
    """The teams the person is a member of."""
    return Team.objects.filter(members=user)


def member_team(user: User, slug: str) -> Team:
    """The team, for one of its members; raises Http404 for anyone else."""
    team = teams_of(user).filter(slug=slug).first()
    if team is None:
        raise Http404("None of your teams has this address.")
    return team
