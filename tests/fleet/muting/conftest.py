"""An endpoint of the team Search, and a client that Alice is signed in with."""

import pytest

from fleet import endpoints
from fleet.models import Endpoint


@pytest.fixture
def gpu(team) -> Endpoint:
    return endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")


@pytest.fixture
def page(client, alice):
    client.force_login(alice)
    return client
