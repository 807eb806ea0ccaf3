"""The heartbeat goes out while all is well, and keeps quiet otherwise."""

import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from core.health import BEAT_KEY, DELIVERY_KEY, PROBE_KEY, WATCH_KEY
from fleet.models import BlindStretch
from fleet.self_check import heartbeat

pytestmark = pytest.mark.django_db


@pytest.fixture
def outside():
    """A service that waits for our heartbeat: `asked` has the paths, `status` is its answer."""

    class Service(ThreadingHTTPServer):
        status = 200

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked.append(self.path)
            self.send_response(server.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            """Quiet."""

    server = Service(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def url(outside, settings, valkey):
    for key in (BEAT_KEY, PROBE_KEY, DELIVERY_KEY):
        valkey.set(key, time.time())
    settings.HEARTBEAT_URL = f"http://127.0.0.1:{outside.server_port}/ping/secret?status=up"
    return settings.HEARTBEAT_URL


def test_it_is_sent_with_path_and_query_while_all_is_well(url, outside):
    assert heartbeat.beat() is True
    assert outside.asked == ["/ping/secret?status=up"]


def test_it_keeps_quiet_without_an_address(url, outside, settings):
    settings.HEARTBEAT_URL = ""
    assert heartbeat.beat() is False
    assert outside.asked == []


@pytest.mark.parametrize("part", ["tick", "pulse", "delivery"])
def test_it_keeps_quiet_while_a_part_stands_still(url, outside, valkey, part):
    valkey.set(f"plimsoll:{part}", time.time() - 60)
    assert heartbeat.beat() is False
    assert outside.asked == []


def test_it_keeps_quiet_while_the_watch_is_blind(url, outside, valkey):
    valkey.set(WATCH_KEY, "No network interface of this machine is connected.")
    assert heartbeat.beat() is False
    valkey.delete(WATCH_KEY)
    stretch = BlindStretch.objects.create(began_at=datetime.now(UTC), reason="No network.")
    assert heartbeat.beat() is False
    stretch.delete()
    assert heartbeat.beat() is True
    assert len(outside.asked) == 1


@pytest.mark.parametrize("status", [302, 404, 503])
def test_a_bad_answer_is_logged_and_a_redirect_is_not_followed(url, outside, caplog, status):
    outside.status = status
    assert heartbeat.beat() is False
    assert f"HTTP {status}" in caplog.text
    assert outside.asked == ["/ping/secret?status=up"]
    assert "secret" not in caplog.text


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/x", "http://169.254.169.254/latest"])
def test_an_address_that_cannot_or_may_not_be_called_is_logged(url, settings, caplog, address):
    settings.HEARTBEAT_URL = address
    assert heartbeat.beat() is False
    assert "could not be fetched" in caplog.text
