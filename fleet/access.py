"""Who may see and change what of the fleet. One of these is the first line of a view; strangers get 404."""

from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest

from core.models import PutOff
from teams import audit
from teams.access import allows, one_of, operated, person, require_role, teams_of
from teams.models import Membership, Role, Team
from teams.tokens import Bearer

from .models import Endpoint, Incident, MaintenanceWindow, Message, SavedView, Silence

# The same sentence for what is another team's and for what is not there: nobody learns which it is.
NO_ENDPOINT = "You see no endpoint with this number."
NO_INCIDENT = "You see no incident with this number."
NO_RULE = "None of your teams has planned this."
NO_MESSAGE = "None of your teams has this message."
NO_VIEW = "You see no saved view with this number."
NO_PUT_OFF = "Nothing of your teams with this number was put off. It may have been done meanwhile."

Rows = TypeVar("Rows", bound=QuerySet[Any])


def visible_teams(user: User) -> QuerySet[Team]:
    """The teams whose endpoints the person may see: all, or their own where the setting FLEET_OPEN is off."""
    return Team.objects.all() if settings.FLEET_OPEN else teams_of(user)


def visible(user: User, rows: Rows, team: str = "team") -> Rows:
    """Those of the rows that the person may see; `team` is the way from a row to its team."""
    return rows if settings.FLEET_OPEN or user.is_superuser else rows.filter(**{f"{team}__in": teams_of(user)})


@dataclass(frozen=True, slots=True)
class Reader:
    """What a person is to the teams, by their numbers. Who is the same to all of them has the same board."""

    sees: frozenset[int] | None  # whose endpoints; None: all
    member_of: frozenset[int]
    may_act: frozenset[int] | None  # in these as operator or more; None: in all

    def acts_in(self, team: int) -> bool:
        """Whether the person may act on the endpoints of the team with this number."""
        return self.may_act is None or team in self.may_act

    @property
    def puts_own_first(self) -> bool:
        """Whether trouble of the person's teams goes before that of others, acknowledged or not."""
        return self.may_act is not None and bool(self.member_of)


def reader(user: User) -> Reader:
    """The person as a reader of the board, in one query."""
    roles = dict(Membership.objects.filter(user=user.pk).values_list("team", "role"))
    operates = frozenset(team for team, role in roles.items() if role in Role.OPERATOR.and_above)
    return Reader(
        sees=None if settings.FLEET_OPEN or user.is_superuser else frozenset(roles),
        member_of=frozenset(roles),
        may_act=None if user.is_superuser else operates,
    )


def seen(bearer: Bearer, rows: Rows, team: str) -> Rows:
    """Those of the rows that the token may see; `team` is the way from a row to its team."""
    return visible(bearer.user, rows, team) if bearer.user else rows.filter(**{team: bearer.team})


def sees_all(bearer: Bearer) -> bool:
    """Whether the token may have figures of the whole installation's probes, so those of other teams too."""
    return settings.FLEET_OPEN or (bearer.user is not None and bearer.user.is_superuser)


def team_seen(bearer: Bearer, slug: str) -> bool:
    """Whether the token may see a team of this name."""
    teams = visible_teams(bearer.user) if bearer.user else Team.objects.filter(pk=bearer.team.pk if bearer.team else 0)
    return teams.filter(slug=slug).exists()


def see_team(request: HttpRequest, slug: str) -> Team:
    """The team whose endpoints are asked for, for who may see those."""
    found = visible_teams(person(request)).filter(slug=slug).first()
    if found is None:
        raise Http404("You see no team with this address.")
    return found


def see_endpoint(request: HttpRequest, pk: int) -> Endpoint:
    """The endpoint with its team and state, for who may see it."""
    return one_of(visible(person(request), Endpoint.objects.select_related("team", "state")), pk, NO_ENDPOINT)


def see_incident(request: HttpRequest, pk: int) -> Incident:
    """The incident with its endpoint and team, for who may see those."""
    rows = Incident.objects.select_related("endpoint__team")
    return one_of(visible(person(request), rows, "endpoint__team"), pk, NO_INCIDENT)


def change_endpoint(request: HttpRequest, pk: int) -> Endpoint:
    """The endpoint, for operators of its team. Raises Http404 for strangers, PermissionDenied for viewers."""
    return operated(request, Endpoint.objects.select_related("team", "state"), pk, NO_ENDPOINT)


def change_incident(request: HttpRequest, pk: int) -> Incident:
    """The incident, for operators of its endpoint's team. Raises as `change_endpoint` does."""
    return operated(request, Incident.objects.select_related("endpoint__team"), pk, NO_INCIDENT, "endpoint.team")


def change_silence(request: HttpRequest, pk: int) -> Silence:
    """The silence, for operators of its team. Raises as `change_endpoint` does."""
    return operated(request, Silence.objects.select_related("team", "endpoint"), pk, NO_RULE)


def change_maintenance(request: HttpRequest, pk: int) -> MaintenanceWindow:
    """The maintenance window, for operators of its team. Raises as `change_endpoint` does."""
    return operated(request, MaintenanceWindow.objects.select_related("team", "endpoint"), pk, NO_RULE)


def change_message(request: HttpRequest, pk: int) -> Message:
    """The message, for operators of its team; what belongs to no team is for administrators."""
    return operated(request, Message.objects.select_related("team"), pk, NO_MESSAGE)


def change_put_off(request: HttpRequest, pk: int) -> PutOff:
    """What a sweep put off, for operators of its team; what belongs to no team is for administrators."""
    return operated(request, PutOff.objects.select_related("team"), pk, NO_PUT_OFF)


def visible_views(user: User) -> QuerySet[SavedView]:
    """The saved views that the person can open: their own and those of their teams."""
    return SavedView.objects.filter(Q(owner=user.pk) | Q(team__in=teams_of(user)))


def see_view(request: HttpRequest, pk: int) -> SavedView:
    """The saved view, for its owner or the members of its team."""
    found: SavedView = one_of(visible_views(person(request)).select_related("team"), pk, NO_VIEW)
    return found


def change_view(request: HttpRequest, pk: int) -> SavedView:
    """The saved view, for its owner or the operators of its team. Raises as `change_endpoint` does."""
    view = see_view(request, pk)
    if view.team:
        require_role(person(request), view.team, Role.OPERATOR, NO_VIEW)
    return view


def may_change(user: Any, endpoint: Endpoint) -> bool:
    return allows(user, endpoint.team_id, Role.OPERATOR)


def operator(request: HttpRequest) -> User:
    """Who asks, if they are an operator of any team; raises PermissionDenied for anyone else.

    For what has other machines called before it belongs to a team.
    """
    user = person(request)
    if not teams_of(user, Role.OPERATOR).exists():
        audit.record("access.refused", detail={"needed": "operator of any team"})
        raise PermissionDenied("This takes the role operator in a team. Ask an owner of yours, or start a team.")
    return user
