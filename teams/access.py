"""Who may do what. One of these is the first line of every view, or one of the same name in fleet and advisor.

What belongs to others is not there (404). What a member sees but may not change is refused with a reason (403).
"""

from operator import attrgetter
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from . import audit
from .models import AuditEntry, Role, Team


def person(request: HttpRequest) -> User:
    """Who asks. Pages without @login_not_required are only reached by people who are signed in."""
    if not isinstance(request.user, User):
        raise Http404("Sign in first.")
    return request.user


def anyone(request: HttpRequest) -> User | None:
    """Who asks on a page that is open to strangers; None for those."""
    return request.user if isinstance(request.user, User) else None


async def anyone_async(request: HttpRequest) -> User | None:
    """As `anyone`, for the views that wait."""
    user = await request.auser()
    return user if isinstance(user, User) else None


def admin(request: HttpRequest) -> User:
    """Who asks, if they are an administrator; raises Http404 for anyone else."""
    user = person(request)
    if not user.is_superuser:
        audit.record("access.refused", detail={"needed": "administrator"})
        raise Http404("There is no such page.")
    return user


def teams_of(user: User | AnonymousUser, role: Role = Role.VIEWER) -> QuerySet[Team]:
    """The teams in which the person has this role or more; all of them for administrators."""
    if user.is_superuser:
        return Team.objects.all()
    return Team.objects.filter(memberships__user=user.pk, memberships__role__in=role.and_above)


def preset_team(user: User, filtered: str = "") -> Team | None:
    """The team that a form about something new begins with, of those in which the person is an operator.

    That is the one of the slug `filtered`, else one that they are a member of, else the one they last did something in
    (administrators may choose any team); None where nothing points to one: then they choose.
    """
    may = teams_of(user, Role.OPERATOR)
    if found := may.filter(slug=filtered).first() if filtered else None:
        return found
    own = may.filter(memberships__user=user.pk)
    choices = own if own.exists() else may
    acted = AuditEntry.objects.filter(actor_id=user.pk, team_id__in=choices.values("pk"))
    last = acted.exclude(action="access.refused").first()
    used = choices.filter(pk=last.team_id or 0).first() if last else None
    return used or own.first() or (may.get() if may.count() == 1 else None)


def team_of(request: HttpRequest, slug: str, role: Role = Role.VIEWER) -> Team:
    """The team. Raises Http404 for strangers, and PermissionDenied for members who need another role."""
    user = person(request)
    team = Team.objects.filter(slug=slug).first()
    if team is None:
        raise Http404("None of your teams has this address.")
    require_role(user, team, role, "None of your teams has this address.")
    return team


def require_role(user: User, team: Team, role: Role, otherwise: str) -> None:
    """Passes who has this role in the team, or more.

    Raises Http404 with the sentence `otherwise` for strangers, and PermissionDenied for members with a lesser role.
    Both refusals are in the audit trail.
    """
    if allows(user, team, role):
        return
    audit.record("access.refused", team=team, detail={"needed": role.value})
    if not allows(user, team, Role.VIEWER):
        raise Http404(otherwise)
    raise PermissionDenied(f"In {team} this takes the role {role.label.lower()}. Ask an owner: {_owners(team)}.")


def one_of(rows: QuerySet[Any], pk: int, otherwise: str) -> Any:
    """The row of this number; raises Http404 with the sentence `otherwise` where it is none of these."""
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404(otherwise)
    return found


def operated(request: HttpRequest, rows: QuerySet[Any], pk: int, otherwise: str, team: str = "team") -> Any:
    """The row, for operators of its team; what belongs to no team is for administrators.

    `team` is the way from the row to its team. Raises as `require_role` does.
    """
    found = one_of(rows, pk, otherwise)
    user, owner = person(request), attrgetter(team)(found)
    if owner is not None:
        require_role(user, owner, Role.OPERATOR, otherwise)
    elif not user.is_superuser:
        raise Http404(otherwise)
    return found


def allows(user: User | AnonymousUser, team: Team | int, role: Role = Role.VIEWER) -> bool:
    """Whether the person has this role in the team, or more."""
    pk = team.pk if isinstance(team, Team) else team
    return teams_of(user, role).filter(pk=pk).exists()


def _owners(team: Team) -> str:
    owners = User.objects.filter(memberships__team=team, memberships__role=Role.OWNER, is_active=True)
    return (
        ", ".join(owners.order_by("username").values_list("username", flat=True))
        or "it has none, so an administrator of this installation"
    )
