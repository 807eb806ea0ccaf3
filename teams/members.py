"""Who is in a team, and as what. Each change checks again who asks, once no one else can change the team's members."""

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from . import audit
from .access import allows
from .models import Invitation, Membership, Role, Team
from .refusals import NotThere, Refused


def change_role(actor: User, team: Team, user: User, role: Role) -> None:
    """Gives the member another role. Raises Refused, or NotThere when the actor is no owner any more."""
    with transaction.atomic():
        require_owner(actor, team)
        member = _member(team, user)
        if member.role == role:
            return
        before = Role(member.role)
        if before == Role.OWNER:
            _another_owner(team, user)
            withdraw_invitations(actor, team.invitations.filter(invited_by=user))
        Membership.objects.filter(pk=member.pk).update(role=role)
        change = {"from": before.value, "to": role.value}
        audit.record("member.role_changed", team=team, what=user, detail=change, actor=actor)


def remove(actor: User, team: Team, user: User) -> None:
    """Takes the member out of the team. Raises Refused, or NotThere when the actor is no owner any more."""
    with transaction.atomic():
        require_owner(actor, team)
        _out(actor, team, user)
        audit.record("member.removed", team=team, what=user, actor=actor)


def leave(user: User, team: Team) -> None:
    """The member goes. Raises Refused for the last owner, and NotThere for someone who is out already."""
    with transaction.atomic():
        lock(team)
        _out(user, team, user)
        audit.record("member.left", team=team, what=user, actor=user)


def join(user: User, team: Team, role: Role, actor: User | None = None) -> Membership:
    """Makes the person a member. Who is one already keeps the higher of the two roles."""
    with transaction.atomic():
        lock(team)
        member, new = Membership.objects.get_or_create(user=user, team=team, defaults={"role": role})
        if not new and member.role not in role.and_above:
            change = {"from": member.role, "to": role.value}
            member.role = role
            member.save(update_fields=["role"])
            audit.record("member.role_changed", team=team, what=user, detail=change, actor=actor)
        if new:
            audit.record("member.joined", team=team, what=user, detail={"role": role.value}, actor=actor)
    return member


def require_owner(actor: User, team: Team) -> None:
    """Holds the team's members still until the transaction ends, and checks again whether the actor owns it.

    Raises NotThere for someone who does not (any more).
    """
    lock(team)
    now = User.objects.filter(pk=actor.pk, is_active=True).first()
    if now is None or not allows(now, team, Role.OWNER):
        raise NotThere(f"You are no owner of {team} any more, so nothing was changed.")


def lock(team: Team) -> None:
    """Nobody else changes the members of the team until the transaction ends. Raises NotThere for a team that is gone.

    The lock is on the team's row, since rows of members who join meanwhile could not be locked. Others may still
    store what refers to the team.
    """
    if not Team.objects.select_for_update(no_key=True).filter(pk=team.pk).first():
        raise NotThere("The team is gone: someone deleted it.")


def other_owners(team: Team, user: User) -> bool:
    """Whether someone besides the person owns the team and can sign in."""
    owners = Membership.objects.filter(team=team, role=Role.OWNER, user__is_active=True)
    return owners.exclude(user=user).exists()


def withdraw_invitations(actor: User | None, invitations: QuerySet[Invitation]) -> None:
    """Takes back what someone sent who may not invite any more: they must not come back by a link that they kept."""
    for invitation in invitations.select_related("team"):
        audit.record("invitation.withdrawn", team=invitation.team, detail={"role": invitation.role}, actor=actor)
        invitation.delete()


def _member(team: Team, user: User) -> Membership:
    member = Membership.objects.filter(team=team, user=user).first()
    if member is None:
        raise NotThere("This person is no member of the team any more.")
    return member


def _another_owner(team: Team, user: User) -> None:
    if not other_owners(team, user):
        raise Refused(f"{user} is the only owner of {team}. Make someone else an owner first.")


def _out(actor: User, team: Team, user: User) -> None:
    member = _member(team, user)
    if member.role == Role.OWNER:
        _another_owner(team, user)
    withdraw_invitations(actor, team.invitations.filter(invited_by=user))
    member.delete()
