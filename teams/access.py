"""Who belongs to which team. Views call one of these first; strangers get 404."""

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from .models import Team


def person(request: HttpRequest) -> User:
    """Who asks. Pages without @login_not_required are only reached by people who are signed in."""
    if not isinstance(request.user, User):
        raise Http404("Sign in first.")
    return request.user


def teams_of(user: User | AnonymousUser) -> QuerySet[Team]:
    """The teams the person may act for: those of a member, and all of them for who runs the installation."""
    return Team.objects.all() if user.is_superuser else Team.objects.filter(members=user.pk)


def member_team(user: User, slug: str) -> Team:
    """The team, for who may act for it; raises Http404 for anyone else."""
    team = teams_of(user).filter(slug=slug).first()
    if team is None:
        raise Http404("None of your teams has this address.")
    return team
