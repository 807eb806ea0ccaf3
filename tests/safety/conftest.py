"""What the walks over all addresses share."""

import pytest

from tests.safety.addresses import SmallFleet


@pytest.fixture
def small_fleet(db, valkey, monkeypatch) -> SmallFleet:
    """One of everything, and a search for servers on this machine that finds none."""
    monkeypatch.setattr("fleet.views.endpoint_edit.find_servers", lambda known, own_ports: [])
    return SmallFleet()
