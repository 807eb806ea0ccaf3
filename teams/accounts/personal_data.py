"""Data care: what is stored about a person, for them to take away, and its deletion."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from .. import audit, members
from ..models import ApiToken, AuditEntry, FormerName, Invitation, Membership, PendingAddress, Role, ShownAs, Team
from ..refusals import Refused
from . import administrators

SOMEONE = "someone who left"
"""Stands where the name of a deleted person was."""

contributions: list[Callable[[User], dict[str, Any]]] = []
"""What the apps know that a person did: a name -> rows for JSON. Filled when Django starts."""

erasers: list[Callable[["Names"], None]] = []
"""What the apps do in the transaction that deletes a person: take the name and the addresses out of their texts."""


@dataclass(frozen=True)
class Names:
    """What a person is called in texts: the user name, those before it, and the email addresses.

    An address that was never confirmed may be anyone's. It counts in teams that the person owns only: nobody learns
    what is stored about the addresses of others, or takes those off their lists.
    """

    name: str
    names: frozenset[str]  # with the former ones
    addresses: frozenset[str]  # in lower case, all of them
    confirmed: frozenset[str]
    own_teams: frozenset[int]

    def in_team(self, team_pk: int) -> frozenset[str]:
        """The addresses that count in this team."""
        return self.addresses if team_pk in self.own_teams else self.confirmed

    def addressed(self, field: str, team: str = "team") -> Q:
        """The rows whose field is an address of the person's; `team` is the way from a row to its team."""
        return _one_of(field, self.confirmed) | (_one_of(field, self.addresses) & Q(**{f"{team}__in": self.own_teams}))

    def called(self, field: str, team: str) -> Q:
        """The rows whose field is a user name or an address of the person's."""
        return Q(**{f"{field}__in": self.names}) | self.addressed(field, team)


def export(user: User) -> dict[str, Any]:
    """Everything that is stored about the person, for JSON. Notes it in the audit trail."""
    audit.record("person.exported", what=user)
    found = {"exported_at": timezone.now(), **_account(user), **_in_teams(user, names_of(user)), **_trail(user)}
    for contribute in contributions:
        found |= contribute(user)
    return found


def _account(user: User) -> dict[str, Any]:
    return {
        "account": _row(user, "id", "username", "email", "first_name", "last_name", "date_joined", "last_login",
                        "is_active", "is_superuser"),
        "former_names": _rows(FormerName.objects.filter(user=user), "name"),
        "display": _rows(ShownAs.objects.filter(user=user), "theme", "clock", "zone"),
        "addresses": _rows(EmailAddress.objects.filter(user=user), "email", "verified", "primary"),
        "sessions": _rows(UserSession.objects.filter(user=user), "ip", "user_agent", "created_at", "last_seen_at"),
        "second_factors": _rows(Authenticator.objects.filter(user=user), "type", "created_at", "last_used_at"),
        "sign_in_providers": _rows(
            SocialAccount.objects.filter(user=user), "provider", "uid", "extra_data", "date_joined", "last_login"
        ),
    }  # fmt: skip


def _in_teams(user: User, names: Names) -> dict[str, Any]:
    return {
        "memberships": _rows(Membership.objects.filter(user=user), "team__name", "role", "joined_at"),
        "api_tokens": _rows(
            ApiToken.objects.filter(Q(user=user) | Q(created_by=user)),
            "name", "team__name", "scopes", "start", "created_at", "expires_at", "last_used_at",
        ),
        "invitations": _rows(
            Invitation.objects.filter(Q(invited_by=user) | names.addressed("email")),
            "team__name", "email", "role", "created_at", "expires_at",
        ),
        "addresses_to_confirm": _rows(
            PendingAddress.objects.filter(names.addressed("address")), "team__name", "address", "asked_at"
        ),
        "teams_started": list(Team.objects.filter(started_by=user).values_list("name", flat=True)),
        "mail_lists": [
            team.name
            for team in Team.objects.all()
            if _are_texts(team.mail_to) and names.in_team(team.pk) & _lower(team.mail_to)
        ],
    }  # fmt: skip


def _trail(user: User) -> dict[str, Any]:
    about = AuditEntry.objects.filter(action__startswith="person.", object_id=user.pk).exclude(actor_id=user.pk)
    return {
        "audit_trail": _rows(
            AuditEntry.objects.filter(actor_id=user.pk),
            "at", "via", "address", "team_name", "action", "object_name", "detail",
        ),
        "audit_trail_about": _rows(about, "at", "action", "detail"),  # where others did it from is theirs
    }  # fmt: skip


def why_not_deletable(user: User) -> str:
    """Why the person can't be deleted now, in a sentence that says what to do first; "" when nothing is in the way."""
    for team in Team.objects.filter(memberships__user=user, memberships__role=Role.OWNER):
        if members.other_owners(team, user):
            continue
        if team.memberships.exclude(user=user).filter(user__is_active=True).exists():
            return f"{user} is the only owner of {team}. Make another member an owner first."
        return f"{user} is the only one in {team} who can sign in. Delete the team first, or invite another owner."
    return administrators.last_admin(user)


def delete_person(actor: User, user: User) -> None:
    """Deletes the account, and the name and addresses wherever they are stored as such.

    What the person did stays without the name. Raises Refused with a sentence while something is in the way, and
    NotThere when the actor may not (any more).
    """
    with transaction.atomic():
        for team in Team.objects.filter(memberships__user=user).order_by("pk"):
            members.lock(team)
        administrators.hold_admins()
        if actor.pk != user.pk:
            administrators.demand_admin(actor)
        if why := why_not_deletable(user):
            raise Refused(why)
        names = names_of(user)
        for eraser in (_erase_from_teams, *erasers):
            eraser(names)
        administrators.end_sessions(user)
        audit.record("person.deleted", what=user, actor=actor)
        User.objects.filter(pk=user.pk).delete()


def addresses_of(user: User) -> set[str]:
    """The person's email addresses, in lower case."""
    rows = EmailAddress.objects.filter(user=user).values_list("email", flat=True)
    return _lower([*rows, *filter(None, [user.email])])


def names_of(user: User) -> Names:
    """What the person is called in texts."""
    addresses = addresses_of(user)
    doubtful = _lower(EmailAddress.objects.filter(user=user, verified=False).values_list("email", flat=True))
    own = Team.objects.filter(memberships__user=user, memberships__role=Role.OWNER).values_list("pk", flat=True)
    names = frozenset([user.username, *FormerName.objects.filter(user=user).values_list("name", flat=True)])
    return Names(user.username, names, frozenset(addresses), frozenset(addresses - doubtful), frozenset(own))


def without(addresses: Any, gone: frozenset[str]) -> Any:
    """The stored list without these addresses, which are in lower case. What is no list of texts stays as it is:
    nobody's deletion fails for an odd row of another team."""
    if not _are_texts(addresses):
        return addresses
    return [address for address in addresses if address.lower() not in gone]


def _are_texts(stored: Any) -> bool:
    return isinstance(stored, list) and all(isinstance(each, str) for each in stored)


def _erase_from_teams(names: Names) -> None:
    for team in Team.objects.all():
        kept = without(team.mail_to, names.in_team(team.pk))
        if kept != team.mail_to:
            Team.objects.filter(pk=team.pk).update(mail_to=kept)
    PendingAddress.objects.filter(names.addressed("address")).delete()
    Invitation.objects.filter(names.addressed("email")).delete()
    Invitation.objects.filter(invited_by__username=names.name).delete()  # nobody keeps a link to come back by


def _one_of(field: str, texts: frozenset[str]) -> Q:
    found = Q(pk__in=[])
    for text in texts:
        found |= Q(**{f"{field}__iexact": text})
    return found


def _lower(addresses: Any) -> set[str]:
    return {address.lower() for address in addresses}


def _row(row: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _rows(rows: Any, *names: str) -> list[dict[str, Any]]:
    return list(rows.values(*names))
