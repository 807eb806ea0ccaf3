"""Keeps the history as long as pages show it, and no longer."""

from datetime import UTC, datetime, timedelta

from django.conf import settings

from core import fence

from ..models import Endpoint, Observation, Rollup, Trace
from .spans import Edges, edges
from .totals import DAY, HOUR, MINUTE

PRUNING = "pruning"
"""The sweep, as core.fence knows it."""

KEEP_OBSERVATIONS = timedelta(days=settings.KEEP_READINGS)

KEEP_ROLLUPS = {
    MINUTE: timedelta(hours=3),
    HOUR: timedelta(days=settings.KEEP_HOURLY),
    DAY: timedelta(days=settings.KEEP_DAILY),
}
"""No page shows minutes once they are in their hour. The charts and the availability of 90 days are made of hours and
days."""

KEEP_TRACES = 120
"""The endpoint page shows the last hundred probes with each phase; older traces are dropped."""

BATCH = 1_000
"""Rows of one transaction: it holds SQLite's only writer for some 4 ms, while 5,000 took up to 70."""

_COARSER = {MINUTE: HOUR, HOUR: DAY}


def prune(now: datetime | None = None) -> None:
    """Deletes old observations, rollups and traces in portions, so that no probe waits long for the database.

    What is not rolled up into the next coarser span is kept, however old it is.
    """
    now = now or datetime.now(UTC)
    rolled_up = edges(now)
    rows = Endpoint.objects.filter(pk__in=rolled_up).order_by().values_list("pk", "name", "team_id")

    def work(row: tuple[int, str, int]) -> None:
        endpoint = row[0]
        # The hour is rolled up last: it still searches for observations that came late.
        if edge := rolled_up[endpoint].hour:
            _prune_observations(endpoint, min(edge, now - KEEP_OBSERVATIONS))
        _prune_traces(endpoint)

    fence.each(PRUNING, rows, work, lambda row: fence.Item(str(row[0]), row[1], row[2]))
    for span in KEEP_ROLLUPS:
        _prune_rollups(span, now - KEEP_ROLLUPS[span], rolled_up)


def _prune_observations(endpoint_id: int, before: datetime) -> None:
    old = Observation.objects.filter(endpoint_id=endpoint_id, at__lt=before).values_list("pk", flat=True)
    while rows := list(old[:BATCH]):
        Trace.objects.filter(pk__in=rows)._raw_delete("default")
        Observation.objects.filter(pk__in=rows)._raw_delete("default")


def _prune_rollups(span: str, before: datetime, rolled_up: dict[int, Edges]) -> None:
    above = _COARSER.get(span)
    waiting = [pk for pk, edge in rolled_up.items() if above and edge.behind(above) and _reaches(edge, above, before)]
    old = Rollup.objects.filter(span=span, start__lt=before).exclude(endpoint_id__in=waiting)
    while rows := list(old.order_by("start").values_list("pk", flat=True)[:BATCH]):
        Rollup.objects.filter(pk__in=rows)._raw_delete("default")


def _reaches(edge: Edges, above: str, before: datetime) -> bool:
    """Whether something older than `before` may not be rolled up yet."""
    done = edge.of(above)
    return done is None or done < before


def _prune_traces(endpoint_id: int) -> None:
    recent = Observation.objects.filter(endpoint_id=endpoint_id).order_by("-at").values_list("at", flat=True)
    edge = recent[KEEP_TRACES : KEEP_TRACES + 1].first()
    if edge:
        Trace.objects.filter(observation__endpoint_id=endpoint_id, observation__at__lte=edge).delete()
