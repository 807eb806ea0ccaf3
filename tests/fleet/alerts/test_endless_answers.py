"""A webhook or a heartbeat service whose answer never ends is done with at once, not at the deadline."""

import pytest

from fleet.alerts.channels import NotTaken, webhook
from fleet.self_check import heartbeat
from tests.costly_answers import IN_FRAMING
from tests.hostile_server import HostileServer

HEADS = ("interim answers", "interim answers with long headers", "long headers", "long folded headers")


@pytest.mark.parametrize("name", HEADS)
def test_a_webhook_that_sends_heads_without_end_has_not_taken_the_message(name):
    with HostileServer(otherwise=IN_FRAMING[name]) as server:
        with pytest.raises(NotTaken, match="more than 64 KiB of headers"):
            webhook._post(f"{server.url}/hook", b"{}", {"Content-Length": "2"})
        assert server.connections == 1


@pytest.mark.parametrize("name", [*HEADS, "short trailers", "chunk extensions"])
def test_a_heartbeat_service_that_answers_without_end_was_not_reached(name, caplog):
    with HostileServer(otherwise=IN_FRAMING[name]) as server:
        assert not heartbeat._fetch(f"{server.url}/beat")
    assert "more than 64 KiB of headers" in caplog.text
