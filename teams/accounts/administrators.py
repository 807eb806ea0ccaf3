"""The administrators of the installation, and what they do about accounts."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from .. import audit
from ..members import withdraw_invitations
from ..models import Invitation, Role, Team
from ..refusals import NotThere, Refused


def admins() -> QuerySet[User]:
    """Who can do an administrator's work: those who are deactivated can't."""
    return User.objects.filter(is_superuser=True, is_active=True)


def make_admin(actor: User | None, user: User, admin: bool) -> None:
    """Makes the person an administrator, or no more; `actor` is None for a command on the server.

    Raises Refused for the last one, and for a person who may not sign in.
    """
    with transaction.atomic():
        hold_admins()
        if actor:
            demand_admin(actor)
        if admin and not User.objects.filter(pk=user.pk, is_active=True).exists():
            raise Refused(f"{user} is deactivated and could not do an administrator's work. Choose another account.")
        _not_the_last(user, goes=not admin)
        User.objects.filter(pk=user.pk).update(is_superuser=admin)
        if not admin:  # a link that they kept must not bring them back into a team of others
            own = Team.objects.filter(memberships__user=user, memberships__role=Role.OWNER)
            withdraw_invitations(actor, Invitation.objects.filter(invited_by=user).exclude(team__in=own))
        audit.record("person.admin_changed", what=user, detail={"admin": admin}, actor=actor)


def set_active(actor: User, user: User, active: bool) -> None:
    """Lets the person sign in, or no more: then their sessions end and their invitations are withdrawn.

    Raises Refused for the last administrator.
    """
    with transaction.atomic():
        hold_admins()
        demand_admin(actor)
        _not_the_last(user, goes=not active)
        User.objects.filter(pk=user.pk).update(is_active=active)
        if not active:
            end_sessions(user)
            withdraw_invitations(actor, Invitation.objects.filter(invited_by=user))
        audit.record("person.activated" if active else "person.deactivated", what=user, actor=actor)


def remove_factors(actor: User | None, user: User) -> bool:
    """Takes away every second factor of someone who has lost them, and returns whether there was any.

    `actor` is None for a command on the server.
    """
    with transaction.atomic():
        if actor:
            demand_admin(actor)
        gone, _ = Authenticator.objects.filter(user=user).delete()
        if gone:
            audit.record("person.factors_removed", what=user, actor=actor)
    return bool(gone)


def last_admin(user: User) -> str:
    """A sentence when there would be no administrator left; "" otherwise."""
    if not admins().filter(pk=user.pk).exists() or admins().exclude(pk=user.pk).exists():
        return ""
    return f"{user} is the only administrator. Make someone else an administrator of this installation first."


def hold_admins() -> None:
    """Nobody else changes who is administrator until the transaction ends."""
    list(User.objects.select_for_update(no_key=True).filter(is_superuser=True).order_by("pk"))


def demand_admin(actor: User) -> None:
    """Checks again whether the actor is an administrator. Raises NotThere if not (any more)."""
    if not admins().filter(pk=actor.pk).exists():
        raise NotThere("You are no administrator any more, so nothing was changed.")


def end_sessions(user: User) -> None:
    """Signs the person out everywhere."""
    for session in UserSession.objects.filter(user=user):
        session.end()


def _not_the_last(user: User, goes: bool) -> None:
    if goes and (why := last_admin(user)):
        raise Refused(why)
