"""Readings and short cuts for tests about outages."""

from datetime import UTC, datetime, timedelta

from fleet import endpoints
from fleet.engines.errors import Cause
from fleet.engines.reading import Facts, Failure, Identity, Model, Reading
from fleet.models import Alert, Endpoint, EndpointState, Incident
from teams.models import Team
from tests.fleet.recording import record, state_of


def good() -> Reading:
    """An answer, now."""
    facts = Facts(version="0.33.0", models=(Model("qwen3:8b"),))
    return Reading(datetime.now(UTC).timestamp(), Identity("vllm", "GET /version"), facts)


def bad(cause: Cause = Cause.CONNECTION_REFUSED, step: str = "connect") -> Reading:
    """A failure, now."""
    return Reading(datetime.now(UTC).timestamp(), failure=Failure(cause, step, "as the test wants it"))


def watched(team: Team, name: str, url: str = "", **fields) -> Endpoint:
    """An endpoint that was up a moment ago."""
    endpoint = endpoints.add(team, name=name, url=url or f"http://{name}:8000", **fields)
    probed(endpoint, good())
    return endpoint


def probed(endpoint: Endpoint, *readings: Reading) -> EndpointState:
    """Records the readings one after the other."""
    for reading in readings:
        state = state_of(endpoint.pk)
        assert state is not None
        record(state, reading, 0.0)
    return EndpointState.objects.get(pk=endpoint.pk)


def fail(endpoint: Endpoint, cause: Cause = Cause.CONNECTION_REFUSED) -> Incident:
    """Three failures in a row, which are enough."""
    probed(endpoint, *(bad(cause) for _ in range(3)))
    return Incident.objects.filter(endpoint=endpoint).latest("pk")


def recover(endpoint: Endpoint) -> None:
    """Two good probes in a row, which are enough."""
    probed(endpoint, good(), good())


def settle() -> None:
    """As if a while had passed without news: groups of alerts are complete."""
    earlier = datetime.now(UTC) - timedelta(seconds=5)
    Alert.objects.filter(message=None).update(created_at=earlier)
    EndpointState.objects.update(failing_since=datetime.now(UTC) - timedelta(minutes=5))
