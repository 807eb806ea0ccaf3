"""What the tests of the probe layer share."""

from collections.abc import Iterator

import pytest

from tests.hostile_server import HostileServer


@pytest.fixture
def server() -> Iterator[HostileServer]:
    """A server that answers 404 until a test makes it misbehave."""
    with HostileServer() as running:
        yield running
