"""When an endpoint fails, those beside it are probed right away and not at their next due time.

Beside it are the others on its host, and WITNESSES of its team elsewhere, by which a lone outage is known for one; and
when several of a team fail at once, the whole team.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db.models import Q, QuerySet

from core import fence
from core.database import writing
from teams.models import Team

from ..models import EndpointState
from ..verdict.monitor_blind import host_of
from ..verdict.schedule import SLOW_AFTER
from ..verdict.status import TROUBLE, Status
from .grouping import DOUBT

STORMS = "storms"
"""The sweep, as core.fence knows it."""

MANY = 3
"""Endpoints of one team that begin to fail within RECENT seconds make a storm."""

WITNESSES = 2
"""Endpoints of the team on other hosts that have to answer after one began to fail: not always the same ones, since it
is those that are due next."""

ANY = "*"  # every host of the team
RECENT = 60
AT_ONCE = 100
"""Endpoints of a team pulled forward by one tick, so that a storm does not become a stampede of our own."""

SLOW_AT_ONCE = 1
"""The same where those that began to fail are slow to probe: a hundred that hang would else take all threads of a
worker at once, and healthy ones wait."""


def probe_neighbours(now: float) -> list[int]:
    """Makes due what was not probed since those beside it began to fail; returns these endpoints. `now`: unix seconds.

    Not what was claimed already and is about to be probed.
    """
    pulled: list[int] = []
    unseen, lately = _unseen(now), datetime.fromtimestamp(now - RECENT, UTC)

    def pull(team: Team) -> None:
        rows = EndpointState.objects.filter(pk__in=unseen[team.pk], due_at__gt=int(now), waiting_since=None)
        began = EndpointState.objects.watched().filter(endpoint__team=team, failures__gt=0, failing_since__gt=lately)
        hang = began.filter(probe_seconds__gt=SLOW_AFTER).exists()
        with writing():
            # What is being written was probed just now; where it waits for one of these, waiting for it is a deadlock.
            free = rows.order_by("due_at").select_for_update(skip_locked=True)
            numbers = list(free.values_list("pk", flat=True)[: SLOW_AT_ONCE if hang else AT_ONCE])
            if numbers:
                EndpointState.objects.filter(pk__in=numbers).update(due_at=int(now))
                pulled.extend(numbers)

    if unseen:
        teams = Team.objects.filter(pk__in=unseen)
        fence.each(STORMS, teams, pull, lambda team: fence.Item(str(team.pk), team.name, team.pk))
    return pulled


def forming(team_id: int, now: datetime) -> bool:
    """Whether trouble or its end is being confirmed in this team, or what is beside it was not yet probed."""
    since = now - timedelta(seconds=DOUBT)
    doubted = Q(failures__gt=0, failing_since__gt=since) & ~Q(status__in=TROUBLE)
    mending = Q(status__in=TROUBLE, successes__gt=0, probed_at__gt=since)
    if _watched([team_id]).filter(doubted | mending).exists():
        return True
    return bool(_unseen(now.timestamp(), team_id).get(team_id))


def _unseen(now: float, team_id: int | None = None) -> dict[int, list[int]]:
    """Team -> its endpoints that were not probed since others beside them began to fail, as far as they are needed."""
    lately = datetime.fromtimestamp(now - RECENT, UTC)
    failing = EndpointState.objects.watched().filter(failures__gt=0, failing_since__gt=lately)
    if team_id is not None:
        failing = failing.filter(endpoint__team=team_id)
    began = _began(failing.order_by("failing_since").values_list("endpoint__team", "endpoint__url", "failing_since"))
    if not began:
        return {}
    latest: dict[int, datetime] = {}  # of each team, when the last of them began to fail
    for (team, _), first in began.items():
        latest[team] = max(first, latest.get(team, first))
    found: dict[int, list[int]] = defaultdict(list)
    answered: Counter[int] = Counter()
    others: dict[int, list[int]] = defaultdict(list)
    columns = ("pk", "endpoint__team", "endpoint__url", "probed_at", "status", "failures")
    for pk, team, url, probed, status, failures in _watched(latest).order_by("due_at", "pk").values_list(*columns):
        since = began.get((team, ANY)) or began.get((team, host_of(url)))
        if since and (probed is None or probed < since):
            found[team].append(pk)
        elif not since and status in (Status.UP, Status.BUSY) and not failures:
            if probed and probed >= latest[team]:
                answered[team] += 1
            else:
                others[team].append(pk)
    for team, last in latest.items():
        if now - last.timestamp() < DOUBT:
            found[team] += others[team][: max(0, WITNESSES - answered[team])]
    return {team: pks for team, pks in found.items() if pks}


def _began(failing: Iterable[tuple[int, str, datetime | None]]) -> dict[tuple[int, str], datetime]:
    """(team, host) -> when the first on it began to fail; the host ANY where so many fail that it is a storm."""
    found: dict[tuple[int, str], datetime] = {}
    per_team: dict[int, list[datetime]] = {}
    for team, url, since in failing:
        assert since is not None, "it was asked for by its time"
        found.setdefault((team, host_of(url)), since)
        per_team.setdefault(team, []).append(since)
    return found | {(team, ANY): moments[0] for team, moments in per_team.items() if len(moments) >= MANY}


def _watched(teams: Iterable[int]) -> QuerySet[EndpointState]:
    return EndpointState.objects.watched().filter(endpoint__team__in=list(teams))
