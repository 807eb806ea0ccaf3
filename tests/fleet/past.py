"""Invented history for the tests of it."""

from datetime import UTC, datetime

from fleet.models import Endpoint, Observation
from teams.models import Team

NOON = 1_800_014_400  # a whole hour: 2027-01-15 12:00 UTC
DAWN = NOON - 12 * 3600  # the start of that UTC day


def at(seconds: float) -> datetime:
    """Unix seconds as a moment."""
    return datetime.fromtimestamp(seconds, UTC)


def endpoint(team: Team, name: str = "gpu-1", interval: int = 30, added_at: float = NOON - 200 * 86_400) -> Endpoint:
    """An endpoint that was added long ago."""
    made = Endpoint.objects.create(team=team, name=name, url=f"http://{name}:8000", interval=interval)
    Endpoint.objects.filter(pk=made.pk).update(created_at=at(added_at))
    return Endpoint.objects.get(pk=made.pk)


def probes(of: Endpoint, start: float, end: float, **fields) -> None:
    """A probe at each interval from `start` to before `end`, all alike."""
    moments = range(int(start), int(end), of.interval)
    values = {"status": "up", "latency_ms": 10.0, **fields}
    Observation.objects.bulk_create(Observation(endpoint=of, at=at(moment), **values) for moment in moments)
