"""Silences and maintenance windows, as their pages and an endpoint's page list them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from core import time_zones
from teams.access import teams_of

from ..access import visible
from ..models import Endpoint, MaintenanceWindow, Silence
from ..muting import windows
from ..muting.actions import covers

LATELY = timedelta(days=7)
OVER_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Silenced:
    """A silence and what it is about, in words."""

    silence: Silence
    covers: str
    reason: str  # empty for those who are not of the team


@dataclass(frozen=True, slots=True)
class Planned:
    """A maintenance window and the time that matters now: the current one, or the next."""

    window: MaintenanceWindow
    covers: str
    start: datetime
    end: datetime
    on: bool

    @property
    def note(self) -> str:
        """What is wrong with its clock, in a sentence; empty where nothing is. The one planned once needs no clock."""
        lost = time_zones.lost(self.window.time_zone) if self.window.repeats != MaintenanceWindow.Repeats.ONCE else ""
        return lost and f"{lost} Remove it and plan it again."


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A maintenance window that can't be worked out, and why, in a sentence."""

    window: MaintenanceWindow
    covers: str
    why: str


@dataclass(slots=True)
class Silences:
    """What is silenced, and what was lately."""

    on: list[Silenced] = field(default_factory=list)
    over: list[Silenced] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """Maintenance that is on, that comes, and that is over and does not come again."""

    on: list[Planned] = field(default_factory=list)
    coming: list[Planned] = field(default_factory=list)
    over: list[Planned] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)


def silences(user: User) -> Silences:
    """The silences of the fleet, as far as the person sees it: those that are on, and those that ended lately."""
    now = datetime.now(UTC)
    rows = Silence.objects.select_related("team", "endpoint", "created_by").filter(ends_at__gt=now - LATELY)
    rows = rows.defer("endpoint__api_key")
    found, mine = Silences(), set(teams_of(user).values_list("pk", flat=True))
    for row in visible(user, rows).order_by("ends_at"):
        reason = row.reason if row.team_id in mine else ""
        (found.on if row.ends_at > now else found.over).append(Silenced(row, covers(row), reason))
    found.over = found.over[::-1][:OVER_SHOWN]
    return found


def silences_of(user: User, endpoint: Endpoint) -> list[Silenced]:
    """Those that are on for one endpoint, also with its engine or its whole team."""
    covering = Q(endpoint=endpoint) | Q(endpoint=None, engine__in=("", endpoint.state.engine or endpoint.engine))
    rows = Silence.objects.filter(covering, team=endpoint.team_id, ends_at__gt=datetime.now(UTC))
    related = rows.select_related("team", "endpoint", "created_by").defer("endpoint__api_key").order_by("ends_at")
    is_mine = any(row.reason for row in related) and teams_of(user).filter(pk=endpoint.team_id).exists()
    return [Silenced(row, covers(row), row.reason if is_mine else "") for row in related]


def maintenance(user: User) -> Plan:
    """The maintenance of the fleet, as far as the person sees it, in order of time."""
    return _plan(visible(user, MaintenanceWindow.objects.all()))


def maintenance_of(endpoint: Endpoint) -> Plan:
    """What is planned for one endpoint, by itself or with its whole team."""
    mine = Q(endpoint=endpoint) | Q(endpoint=None, team=endpoint.team_id)
    return _plan(MaintenanceWindow.objects.filter(mine))


def _plan(rows: QuerySet[MaintenanceWindow]) -> Plan:
    now = datetime.now(UTC)
    found = Plan()
    for window in rows.select_related("team", "endpoint", "created_by").defer("endpoint__api_key"):
        try:
            if on := windows.current(window, now):
                found.on.append(Planned(window, covers(window), *on, on=True))
            elif coming := windows.following(window, now):
                found.coming.append(Planned(window, covers(window), *coming, on=False))
            else:
                found.over.append(Planned(window, covers(window), *windows.first(window), on=False))
        except (ValueError, TypeError) as error:
            found.unreadable.append(Unreadable(window, covers(window), str(error)))
    for listed in (found.on, found.coming, found.over):
        listed.sort(key=lambda each: each.start)
    found.over = found.over[::-1][:OVER_SHOWN]
    return found
