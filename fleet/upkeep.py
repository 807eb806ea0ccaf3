"""Keeps the history as long as pages show it, and no longer."""

from datetime import UTC, datetime, timedelta

from django.db.models import Max

from .models import Endpoint, Observation, Trace

KEEP_OBSERVATIONS = timedelta(days=8)
"""The charts reach back seven days."""

KEEP_TRACES = 120
"""The endpoint page shows the last hundred probes with each phase; older traces are dropped."""

BATCH = 5_000


def prune() -> None:
    """Deletes old observations and traces in portions, so that no probe waits long for the database."""
    _delete_before(Observation, datetime.now(UTC) - KEEP_OBSERVATIONS)
    for endpoint in Endpoint.objects.values_list("pk", flat=True):
        _prune_traces(endpoint)


def _delete_before(model: type[Observation], moment: datetime) -> None:
    # Rows are written in the order of time, so the newest old row's number bounds the rest.
    newest = model.objects.filter(at__lt=moment).aggregate(pk=Max("pk"))["pk"]
    while newest and (rows := list(model.objects.filter(pk__lte=newest).values_list("pk", flat=True)[:BATCH])):
        Trace.objects.filter(pk__in=rows)._raw_delete("default")
        model.objects.filter(pk__in=rows)._raw_delete("default")


def _prune_traces(endpoint_id: int) -> None:
    recent = Observation.objects.filter(endpoint_id=endpoint_id).order_by("-at").values_list("at", flat=True)
    edge = recent[KEEP_TRACES : KEEP_TRACES + 1].first()
    if edge:
        Trace.objects.filter(observation__endpoint_id=endpoint_id, observation__at__lte=edge).delete()
