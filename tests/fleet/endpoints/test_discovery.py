import re
import socket
from collections.abc import Iterator

import pytest

from fleet import endpoints
from fleet.endpoints.discovery import find_servers
from fleet.models import Endpoint
from tests.fake_engine import FakeEngine

pytestmark = pytest.mark.usefixtures("valkey")


@pytest.fixture
def ollama() -> Iterator[FakeEngine]:
    with FakeEngine("ollama") as engine:
        engine.version = "0.30.1"
        engine.models(["qwen3:8b"])
        yield engine


def here(engine: FakeEngine) -> str:
    return f"http://localhost:{engine.port}"


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_server_at_a_usual_port_is_found_with_proof_version_and_models(db, ollama):
    (found,) = find_servers(Endpoint.objects.all(), [ollama.port])
    assert (found.url, found.label, found.version, found.models) == (here(ollama), "Ollama", "0.30.1", ("qwen3:8b",))
    assert "Ollama is running" in found.proof
    assert found.watched_as is None


def test_our_own_port_is_not_probed(db, ollama):
    assert find_servers(Endpoint.objects.all(), [ollama.port], own_ports=[ollama.port]) == []
    assert not ollama.requests


def test_a_silent_port_holds_up_nobody(db, ollama, silent_port, monkeypatch):
    monkeypatch.setattr("fleet.endpoints.discovery.DEADLINE", 0.5)
    assert [f.url for f in find_servers(Endpoint.objects.all(), [silent_port, ollama.port])] == [here(ollama)]


def test_a_server_that_is_watched_already_is_marked_however_its_host_was_spelled(team, ollama):
    watched = endpoints.add(team, name="box", url=f"http://127.0.0.1:{ollama.port}")
    (found,) = find_servers(Endpoint.objects.all(), [ollama.port])
    assert found.watched_as == watched


def test_the_page_offers_to_add_what_it_found(client, alice, team, ollama, monkeypatch):
    monkeypatch.setattr(
        "fleet.views.endpoint_edit.find_servers", lambda known, own_ports: find_servers(known, [ollama.port])
    )
    client.force_login(alice)
    page = client.get("/endpoints/discovered/").content.decode()
    assert "Ollama 0.30.1" in page and here(ollama) in page and "Add endpoint" in page
    offered = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)">', page))
    assert offered["name"] == f"localhost-{ollama.port}"
    assert client.post("/endpoints/add/", offered).status_code == 302
    assert team.endpoints.get().url == here(ollama)


def test_where_nothing_runs_the_page_says_what_to_do(client, alice, monkeypatch):
    monkeypatch.setattr("fleet.views.endpoint_edit.find_servers", lambda known, own_ports: [])
    client.force_login(alice)
    page = client.get("/endpoints/discovered/").content.decode()
    assert "No inference server was found" in page and "/endpoints/add/" in page


def test_nothing_is_called_for_who_is_an_operator_of_no_team(client, charlie, ollama, monkeypatch):
    monkeypatch.setattr(
        "fleet.views.endpoint_edit.find_servers", lambda known, own_ports: find_servers(known, [ollama.port])
    )
    client.force_login(charlie)
    page = client.get("/endpoints/discovered/").content.decode()
    assert "Ollama" not in page and "Add endpoint" not in page and "takes the role operator" in page
    assert not ollama.requests
