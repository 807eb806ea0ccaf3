"""Endpoints with hours of load."""

import pytest

from fleet import endpoints
from fleet.evidence import counts
from fleet.models import Endpoint, EndpointState, LoadHour


@pytest.fixture
def gpu(team) -> Endpoint:
    made = endpoints.add(team, name="gpu-1", url="http://10.0.0.5:8000", engine="vllm")
    EndpointState.objects.filter(pk=made.pk).update(engine="vllm")
    return made


@pytest.fixture
def hour():
    """Stores an hour of load of an endpoint."""

    def store(endpoint: Endpoint, start: int, model: str = "", **counted: int) -> LoadHour:
        packed = counts.pack(counted or {"probes": 240})
        return LoadHour.objects.create(endpoint=endpoint, start=start, model=model, counts=packed)

    return store
