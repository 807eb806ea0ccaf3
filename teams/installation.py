"""Who runs the installation, and what they do about accounts."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.db import transaction

from . import audit
from .members import NotThere, Refused, withdraw
from .models import Invitation, Role, Team


def make_admin(actor: User, user: User, admin: bool) -> None:
    """Lets the person run the installation, or no more. Raises Refused for the last one."""
    with transaction.atomic():
        hold_admins()
        demand_admin(actor)
        _not_the_last(user, goes=not admin)
        User.objects.filter(pk=user.pk).update(is_superuser=admin, is_staff=admin)
        if not admin:  # a link that they kept must not bring them back into a team of others
            own = Team.objects.filter(memberships__user=user, memberships__role=Role.OWNER)
            withdraw(actor, Invitation.objects.filter(invited_by=user).exclude(team__in=own))
        audit.record("person.admin_changed", what=user, detail={"admin": admin}, actor=actor)


def set_active(actor: User, user: User, active: bool) -> None:
    """Lets the person sign in, or no more: then their sessions end and their invitations are withdrawn.

    Raises Refused for the last one who runs the installation.
    """
    with transaction.atomic():
        hold_admins()
        demand_admin(actor)
        _not_the_last(user, goes=not active)
        User.objects.filter(pk=user.pk).update(is_active=active)
        if not active:
            end_sessions(user)
            withdraw(actor, Invitation.objects.filter(invited_by=user))
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
    """A sentence when nobody else could run the installation; "" otherwise."""
    admins = User.objects.filter(is_superuser=True, is_active=True)
    if not admins.filter(pk=user.pk).exists() or admins.exclude(pk=user.pk).exists():
        return ""
    return f"{user} is the only one who runs the installation. Make someone else an installation admin first."


def hold_admins() -> None:
    """Nobody else changes who runs the installation until the transaction ends."""
    list(User.objects.select_for_update(no_key=True).filter(is_superuser=True).order_by("pk"))


def demand_admin(actor: User) -> None:
    """Looks again whether the actor runs the installation. Raises NotThere if not (any more)."""
    if not User.objects.filter(pk=actor.pk, is_superuser=True, is_active=True).exists():
        raise NotThere("You do not run the installation any more, so nothing was changed.")


def end_sessions(user: User) -> None:
    """Signs the person out everywhere."""
    for session in UserSession.objects.filter(user=user):
        session.end()


def _not_the_last(user: User, goes: bool) -> None:
    if goes and (why := last_admin(user)):
        raise Refused(why)
