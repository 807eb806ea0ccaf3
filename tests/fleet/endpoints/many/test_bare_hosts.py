"""Hosts without a port in a list: the usual ones are tried, under the fences of a list."""

import re
from functools import partial
from threading import Event

import pytest

from fleet.endpoints.bare_host import search_host
from fleet.endpoints.many import batch
from fleet.endpoints.many.pasted import MOST
from fleet.models import Endpoint
from tests.conftest import free_port
from tests.fake_engine import FakeEngine

from .test_pages import HTMX, LIST, checked, page, text

__all__ = ["page"]


@pytest.fixture
def usual_ports(monkeypatch):
    """Makes these the engines' usual ports."""

    def usual_ports(*ports: int) -> None:
        monkeypatch.setattr(batch, "search_host", partial(search_host, ports=ports))

    return usual_ports


@pytest.mark.parametrize("listed", ["box localhost", "name,url\nbox,localhost"])
def test_the_port_where_an_engine_answers_is_found_and_added(page, team, ollama, usual_ports, listed):
    usual_ports(free_port(), ollama.port)
    url, table = checked(page, team, listed)
    found = f"http://localhost:{ollama.port}"
    assert "Ollama 0.30.1" in table and f'class="mono">{found}</span>' in table and f'aria-label="Add {found}"' in table
    page.post(url, {"row": ["0"]})
    added = Endpoint.objects.get()
    assert (added.name, added.url, added.state.engine) == ("box", found, "ollama")


def test_the_address_that_was_found_comes_into_the_open_table(page, team, ollama, usual_ports, wait_for):
    usual_ports(ollama.port)
    address = page.post(LIST, {"text": "localhost", "team": team.pk}).url
    wait_for(lambda: "Ollama" in text(page.get(address, {"pending": ["0"]}, headers=HTMX)), 20, "no answer came")
    came = text(page.get(address, {"pending": ["0"]}, headers=HTMX))
    assert f'id="url-0" class="mono" hx-swap-oob="true">http://localhost:{ollama.port}</span>' in came


def test_where_nothing_answers_the_ports_that_were_tried_are_named(page, team, usual_ports):
    port = free_port()
    usual_ports(port)
    url, table = checked(page, team, "localhost")
    assert f"none of these answers: 80, 443, {port}." in table and "localhost:9000" in table
    assert re.findall(r'name="row" value="0"[^>]*?( checked)?>', table) == [""]
    key = url.rstrip("/").rpartition("/")[2]
    again = text(page.get(f"{LIST}?list={key}"))
    assert "localhost</textarea>" in again and "http://localhost</textarea>" not in again
    page.post(url, {"row": ["0"]})
    assert Endpoint.objects.get().url == "http://localhost"


def test_a_name_that_nothing_is_known_of_is_no_matter_of_ports(page, team, usual_ports):
    usual_ports()
    _, table = checked(page, team, "gpu-9.invalid")
    assert "host name can&#x27;t be resolved" in table and "No port was given" not in table


def test_a_key_goes_only_to_the_server_that_was_found(page, team, ollama, usual_ports, monkeypatch):
    with FakeEngine("vllm") as vllm:
        keys = {engine.port: set() for engine in (vllm, ollama)}
        for engine in (vllm, ollama):
            monkeypatch.setattr(engine, "answer", partial(_noted, engine.answer, keys[engine.port]))
        usual_ports(vllm.port, ollama.port)
        _, table = checked(page, team, "url,api_key\nlocalhost,sk-1")
        assert keys == {vllm.port: {None, "sk-1"}, ollama.port: {None}}
        assert f"There, too: Ollama at http://localhost:{ollama.port}." in table


def _noted(answer, keys, request, key):
    keys.add(key)
    return answer(request, key)


def test_a_host_and_the_address_that_was_found_on_it_are_added_once(page, team, ollama, usual_ports):
    usual_ports(ollama.port)
    url, table = checked(page, team, f"localhost, http://localhost:{ollama.port}")
    assert "The same address is in line 1." in table and len(re.findall('name="row"', table)) == 1
    page.post(url, {"row": ["0", "1"]})
    assert Endpoint.objects.count() == 1


def test_a_found_address_that_the_team_watches_is_marked(page, team, ollama, usual_ports):
    usual_ports(ollama.port)
    checked_url, _ = checked(page, team, f"watched http://localhost:{ollama.port}")
    page.post(checked_url, {"row": ["0"]})
    _, table = checked(page, team, "localhost")
    assert "Watched by Search as" in table and 'name="row"' not in table


def test_a_whole_list_of_hosts_is_searched_beside_the_request(page, team, monkeypatch, wait_for):
    gate = Event()
    monkeypatch.setattr(batch, "search_host", lambda host: gate.wait(60) and search_host(host, ports=()))
    hosts = "\n".join(f"127.0.0.{number}" for number in range(1, MOST + 1))
    response = page.post(LIST, {"text": hosts, "team": team.pk})
    assert response.status_code == 302 and f"Waiting for {MOST}." in text(page.get(response.url))
    gate.set()
    wait_for(lambda: "Waiting for" not in text(page.get(response.url)), 60, "not all was answered")
    assert "Not probed" not in text(page.get(response.url))


def test_each_port_of_a_host_counts_for_what_a_team_may_have_probed(page, team, monkeypatch):
    monkeypatch.setattr(batch, "TEAM_A_MINUTE", 2 * batch.PORTS_TRIED - 1)
    monkeypatch.setattr(batch, "search_host", pytest.fail)
    refused = page.post(LIST, {"text": "gpu-1, gpu-2", "team": team.pk})
    assert refused.status_code == 422 and "A host without a port counts as 7" in text(refused)
