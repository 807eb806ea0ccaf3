"""When several endpoints of a team fail at once, the others are looked at right away and not at their next due time."""

import time
from datetime import UTC, datetime, timedelta

from django.db.models import Count, F, Min, Q, QuerySet

from .alerts.grouping import DOUBT
from .models import EndpointState
from .status import TROUBLE

MANY = 3
"""Endpoints of one team that begin to fail within RECENT seconds make a storm."""

RECENT = 60
AT_ONCE = 100
"""Endpoints pulled forward by one tick, so that a storm does not become a stampede of our own."""


def look_ahead(now: float) -> int:
    """Makes due what was not looked at since a storm began; returns how many. `now` is in unix seconds."""
    pulled = 0
    for team, began in _storms(now):
        rows = _not_seen_since(team, began).filter(due_at__gt=int(now)).order_by("due_at")
        numbers = list(rows.values_list("pk", flat=True)[:AT_ONCE])
        # A probe may have moved the row meanwhile; it is then looked at once more, which does no harm.
        pulled += EndpointState.objects.filter(pk__in=numbers).update(due_at=int(now)) if numbers else 0
    return pulled


def forming(team_id: int, now: datetime) -> bool:
    """Whether trouble or its end is being confirmed in this team, or a storm is not yet seen in full."""
    since = now - timedelta(seconds=DOUBT)
    doubted = Q(failures__gt=0, failing_since__gt=since) & ~Q(status__in=TROUBLE)
    mending = Q(status__in=TROUBLE, successes__gt=0, probed_at__gt=since)
    if _watched(team_id).filter(doubted | mending).exists():
        return True
    began = dict(_storms(now.timestamp())).get(team_id)
    return began is not None and _not_seen_since(team_id, began).exists()


def _storms(now: float | None = None) -> list[tuple[int, datetime]]:
    """(team, when its first endpoint began to fail) of each storm that is under way."""
    moment = datetime.fromtimestamp(now or time.time(), UTC) - timedelta(seconds=RECENT)
    failing = EndpointState.objects.filter(failures__gt=0, failing_since__gt=moment).order_by()
    teams = failing.values(team=F("endpoint__team")).annotate(many=Count("pk"), began=Min("failing_since"))
    return [(row["team"], row["began"]) for row in teams if row["many"] >= MANY]


def _not_seen_since(team_id: int, began: datetime) -> QuerySet[EndpointState]:
    return _watched(team_id).filter(Q(probed_at=None) | Q(probed_at__lt=began))


def _watched(team_id: int) -> QuerySet[EndpointState]:
    return EndpointState.objects.filter(endpoint__team=team_id, due_at__isnull=False)
