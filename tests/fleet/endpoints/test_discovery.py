import pytest

from fleet import endpoints
from fleet.endpoints.discovery import find_servers
from fleet.models import Endpoint
from tests.fake_engine import FakeEngine

pytestmark = pytest.mark.usefixtures("valkey")


def here(engine: FakeEngine) -> str:
    return f"http://localhost:{engine.port}"


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


@pytest.fixture
def page(client, alice, monkeypatch):
    """A signed-in Alice's browser, for a machine whose usual ports are those that `here` got."""
    client.force_login(alice)
    client.searches = lambda *engines: monkeypatch.setattr(
        "fleet.views.endpoint_edit.find_servers",
        lambda known, own_ports: find_servers(known, [engine.port for engine in engines]),
    )
    return client


def test_the_page_offers_to_add_what_it_found_and_keeps_what_it_knows_of_it(page, team, ollama):
    page.searches(ollama)
    shown = page.get("/endpoints/discovered/").content.decode()
    assert "Ollama 0.30.1" in shown and here(ollama) in shown and "Add endpoint" in shown and "Add all" not in shown
    response = page.post("/endpoints/add/found/", {"url": [here(ollama)], "only": here(ollama), "team": "search"})
    added = team.endpoints.get()
    assert response.url == added.get_absolute_url()
    assert (added.url, added.name, added.state.engine) == (here(ollama), f"localhost-{ollama.port}", "ollama")


def test_after_one_was_added_the_others_stay_offered_and_all_can_be_added(page, team, ollama):
    with FakeEngine("vllm") as vllm:
        page.searches(ollama, vllm)
        assert "Add all 2" in page.get("/endpoints/discovered/").content.decode()
        offered = {"url": [here(ollama), here(vllm)], "team": "search"}
        response = page.post("/endpoints/add/found/", {**offered, "only": here(vllm)}, follow=True)
        shown = response.content.decode()
        assert response.request["PATH_INFO"] == "/endpoints/discovered/"
        assert "watched as" in shown and f'value="{here(ollama)}"' in shown and f'value="{here(vllm)}"' not in shown
        endpoints.remove(team.endpoints.get())
        assert page.post("/endpoints/add/found/", offered).url == "/?team=search"
    assert set(team.endpoints.values_list("url", flat=True)) == set(offered["url"])


def test_what_can_not_be_added_says_why_and_the_rest_is_added(page, team, ollama):
    endpoints.add(team, name="taken", url="http://localhost:1")
    page.searches(ollama)
    typed = {"url": ["http://localhost:1", here(ollama)], "team": "search"}
    response = page.post("/endpoints/add/found/", typed, follow=True)
    assert "taken of Search already watches this URL" in response.content.decode()
    assert team.endpoints.count() == 2
    page.post("/endpoints/add/found/", {**typed, "team": "nobody"})
    assert team.endpoints.count() == 2


def test_beside_the_form_finding_nothing_is_not_worth_a_word(page, monkeypatch):
    page.searches()
    assert "No inference server" not in page.get("/endpoints/discovered/?beside").content.decode()


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
