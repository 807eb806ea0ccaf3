"""Which incidents are open, unfinished and acknowledged: the same by query and by row."""

from datetime import UTC, datetime, timedelta

import pytest

from fleet import endpoints
from fleet.models import EndpointState, Incident

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
Announced = Incident.Announced


@pytest.fixture
def opened(team):
    """Makes an incident with some fields."""

    def make(**fields) -> Incident:
        number = Incident.objects.count()
        endpoint = endpoints.add(team, name=f"gpu-{number}", url=f"http://10.0.0.{number}:8000")
        return Incident.objects.create(
            endpoint=endpoint, status="down", cause="timed_out", began_at=NOW - HOUR, opened_at=NOW - HOUR, **fields
        )

    return make


@pytest.mark.parametrize(
    ("at", "until", "acknowledged"),
    [
        (None, None, False),
        (NOW - HOUR, None, True),
        (NOW - HOUR, NOW + HOUR, True),
        (NOW - HOUR, NOW - timedelta(minutes=1), False),
        (None, NOW + HOUR, False),  # it was given back
    ],
)
def test_an_incident_is_acknowledged_until_its_time_is_up(opened, at, until, acknowledged):
    incident = opened(acknowledged_at=at, acknowledged_until=until)
    assert incident.is_acknowledged is acknowledged
    assert Incident.objects.acknowledged(NOW).exists() is acknowledged
    assert Incident.objects.with_acknowledged(NOW).get().acknowledged is acknowledged


@pytest.mark.parametrize(
    ("resolved_at", "announced", "is_open", "unfinished"),
    [
        (None, Announced.NOTHING, True, True),
        (None, Announced.DOWN, True, True),
        (NOW, Announced.DOWN, False, True),  # nobody knows of its end
        (NOW, Announced.DEGRADED, False, True),
        (NOW, Announced.NOTHING, False, False),
        (NOW, Announced.RECOVERED, False, False),
        (NOW, Announced.CLOSED, False, False),
    ],
)
def test_an_incident_is_unfinished_until_its_end_is_known(opened, resolved_at, announced, is_open, unfinished):
    opened(resolved_at=resolved_at, announced=announced)
    assert Incident.objects.open().exists() is is_open
    assert Incident.objects.unfinished().exists() is unfinished


def test_a_paused_endpoint_is_not_watched(team):
    endpoint = endpoints.add(team, name="gpu", url="http://10.0.0.1:8000")
    assert EndpointState.objects.watched().exists()
    endpoints.pause(endpoint)
    assert not EndpointState.objects.watched().exists()
