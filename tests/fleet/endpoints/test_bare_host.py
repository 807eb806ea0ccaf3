"""A host without a port: the check tries the usual ones."""

from functools import partial

import pytest

from fleet.endpoints import bare_host
from fleet.endpoints.bare_host import search_host
from fleet.engines.http import address
from fleet.models import Endpoint
from tests.conftest import free_port
from tests.fake_engine import FakeEngine
from tests.fleet.test_pages_edit import FORM
from tests.html import flat

pytestmark = pytest.mark.usefixtures("valkey")

HTMX = {"HX-Request": "true"}


@pytest.fixture
def check(client, alice, team, monkeypatch):
    """What the check shows Alice of an address, for machines whose usual ports are those that are given."""
    client.force_login(alice)

    def check(url, *ports, headers=HTMX, to="/endpoints/check/", **typed):
        for module in ("fleet.views.endpoint_edit", "fleet.endpoints.forms"):
            monkeypatch.setattr(f"{module}.search_host", lambda host, verify: search_host(host, verify, ports))
        answer = client.post(to, {"url": url, "team": team.pk, **typed}, headers=headers, follow=True)
        return flat(answer.content.decode())

    return check


def test_the_port_where_an_engine_answers_is_found_and_filled_in(check, ollama):
    found = f"http://127.0.0.1:{ollama.port}"
    shown = check("127.0.0.1", free_port(), ollama.port)
    assert "Ollama 0.30.1 answers" in shown and f'data-typed="127.0.0.1" data-found="{found}"' in shown
    assert f'value="{found}"' in check("127.0.0.1", ollama.port, headers={})
    assert not Endpoint.objects.exists()


def test_a_host_where_nothing_answers_is_kept_and_the_ports_that_were_tried_are_named(check):
    port = free_port()
    shown = check("localhost", port, headers={})
    assert f"none of these answers: 80, 443, {port}." in shown and "localhost:9000" in shown
    assert 'value="localhost"' in shown and "data-found" not in shown


def test_all_that_answers_on_a_host_is_offered(check, ollama):
    with FakeEngine("vllm") as vllm:
        shown = check("localhost", ollama.port, vllm.port)
    assert "Ollama 0.30.1 answers" in shown
    assert f'name="url" value="http://localhost:{vllm.port}"' in shown and "vLLM" in shown


def test_a_key_goes_only_to_the_server_that_was_found(check, ollama, monkeypatch):
    with FakeEngine("vllm") as vllm:
        keys = {engine.port: set() for engine in (vllm, ollama)}
        for engine in (vllm, ollama):
            monkeypatch.setattr(engine, "answer", partial(_noted, engine.answer, keys[engine.port]))
        check("localhost", vllm.port, ollama.port, api_key="sk-1")
        assert keys == {vllm.port: {None, "sk-1"}, ollama.port: {None}}


def _noted(answer, keys, request, key):
    keys.add(key)
    return answer(request, key)


def test_an_address_with_a_port_a_scheme_or_a_path_is_no_bare_host():
    assert [address.bare_host(text) for text in ("gpu-1:80", "http://gpu-1", "gpu-1/v1", "12345", "curl gpu-1")] == [
        ""
    ] * 5
    assert [address.bare_host(text) for text in (" gpu-1 ", "10.0.0.4", "[::1]")] == ["gpu-1", "10.0.0.4", "[::1]"]


def test_the_engines_usual_ports_are_tried_beside_those_of_http():
    assert bare_host.search_host("host.invalid").ports == (80, 443, *bare_host.PORTS)


def test_a_bare_host_that_is_added_unchecked_is_watched_where_it_answers(check, ollama):
    shown = check("localhost", free_port(), ollama.port, headers={}, to="/endpoints/add/", **FORM)
    added = Endpoint.objects.get()
    assert (added.url, added.state.engine) == (f"http://localhost:{ollama.port}", "ollama")
    assert f"is added at http://localhost:{ollama.port}." in shown
    moved = check("127.0.0.1", ollama.port, headers={}, to=f"/endpoints/{added.pk}/edit/", name="gpu-1", **FORM)
    assert "gpu-1 is saved." in moved and Endpoint.objects.get().url == f"http://127.0.0.1:{ollama.port}"


def test_a_bare_host_where_nothing_answers_is_not_added_without_its_port(check):
    port = free_port()
    shown = check("localhost", port, headers={}, to="/endpoints/add/", **FORM)
    assert f"none of these answers: 80, 443, {port}." in shown and "localhost:9000" in shown
    assert not Endpoint.objects.exists()
    check("localhost:9", headers={}, to="/endpoints/add/", **FORM)
    assert Endpoint.objects.get().url == "http://localhost:9"
