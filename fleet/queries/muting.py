"""Silences and maintenance windows, as their pages and an endpoint's page list them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from core import time_zones
from core.natural_order import natural_key
from teams.access import teams_of

from ..access import visible
from ..models import Endpoint, MaintenanceWindow, Silence
from ..muting import windows
from ..muting.actions import covers, likeness

LATELY = timedelta(days=7)
OVER_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Silenced:
    """A silence and what it is about, in words."""

    silence: Silence
    covers: str
    reason: str  # empty for those who are not of the team

    @property
    def rule(self) -> Silence:
        return self.silence


@dataclass(frozen=True, slots=True)
class Planned:
    """A maintenance window and the time that matters now: the current one, or the next."""

    window: MaintenanceWindow
    covers: str
    start: datetime
    end: datetime
    on: bool

    @property
    def rule(self) -> MaintenanceWindow:
        return self.window

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
    """What is silenced, and what was lately; what was silenced together is one item."""

    on: list[list[Silenced]] = field(default_factory=list)
    over: list[list[Silenced]] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """Maintenance that is on, that comes, and that is over and does not come again; what was planned together for many
    endpoints is one item."""

    on: list[list[Planned]] = field(default_factory=list)
    coming: list[list[Planned]] = field(default_factory=list)
    over: list[list[Planned]] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)


Listed = TypeVar("Listed", Silenced, Planned)


def silences(user: User) -> Silences:
    """The silences of the fleet, as far as the person sees it: those that are on, and those that ended lately."""
    now = datetime.now(UTC)
    rows = Silence.objects.select_related("team", "endpoint", "created_by").filter(ends_at__gt=now - LATELY)
    rows = rows.defer("endpoint__api_key")
    mine = set(teams_of(user).values_list("pk", flat=True))
    on: list[Silenced] = []
    over: list[Silenced] = []
    for row in visible(user, rows).order_by("ends_at"):
        reason = row.reason if row.team_id in mine else ""
        (on if row.ends_at > now else over).append(Silenced(row, covers(row), reason))
    return Silences(_together(on), _together(over[::-1])[:OVER_SHOWN])


def _together(listed: Iterable[Listed]) -> list[list[Listed]]:
    """What was made together stands in the place of the first of it, by the names of the endpoints."""
    groups: dict[object, list[Listed]] = {}
    for each in listed:
        groups.setdefault(likeness(each.rule), []).append(each)
    return [sorted(group, key=lambda each: natural_key(each.covers)) for group in groups.values()]


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
    on: list[Planned] = []
    coming: list[Planned] = []
    over: list[Planned] = []
    unreadable = []
    for window in rows.select_related("team", "endpoint", "created_by").defer("endpoint__api_key"):
        try:
            if current := windows.current(window, now):
                on.append(Planned(window, covers(window), *current, on=True))
            elif following := windows.following(window, now):
                coming.append(Planned(window, covers(window), *following, on=False))
            else:
                over.append(Planned(window, covers(window), *windows.first(window), on=False))
        except (ValueError, TypeError) as error:
            unreadable.append(Unreadable(window, covers(window), str(error)))
    for listed in (on, coming, over):
        listed.sort(key=lambda each: each.start)
    return Plan(_together(on), _together(coming), _together(over[::-1])[:OVER_SHOWN], unreadable)
