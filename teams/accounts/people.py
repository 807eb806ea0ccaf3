"""What the pages about teams and people show."""

from datetime import UTC, datetime

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from core.natural_order import Natural

from ..access import teams_of
from ..models import Invitation, Membership, Team

PER_PAGE = 50


def teams_with_role(user: User) -> list[tuple[Team, str]]:
    """(team, the person's role in words, or "" where they are only an administrator)."""
    roles = {each.team_id: each.get_role_display().lower() for each in Membership.objects.filter(user=user)}
    teams = Team.objects.filter(pk__in=teams_of(user)).annotate(people=Count("memberships"))
    return [(team, roles.get(team.pk, "")) for team in teams]


def members(team: Team) -> QuerySet[Membership]:
    return team.memberships.select_related("user").order_by("user__username")


def open_invitations(team: Team) -> QuerySet[Invitation]:
    """The invitations that can still be accepted."""
    return team.invitations.filter(expires_at__gt=datetime.now(UTC)).select_related("invited_by")


def everyone(search: str, number: str | int) -> Page:
    """One page of all accounts, those whose name or address has the text, with teams, roles and second factor."""
    factors = Authenticator.objects.filter(user=OuterRef("pk")).exclude(type=Authenticator.Type.RECOVERY_CODES)
    memberships = Membership.objects.select_related("team").order_by(Natural("team__name"))
    rows = User.objects.annotate(has_second_factor=Exists(factors))
    rows = rows.prefetch_related(Prefetch("memberships", memberships))
    if search:
        rows = rows.filter(Q(username__icontains=search) | Q(email__icontains=search))
    return Paginator(rows.order_by("username"), PER_PAGE).get_page(number)
