"""The provider is called by the outbound rules, whatever its description names."""

from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from django.test import Client

from core.http import outbound
from tests.fleet.tricky_servers import dns_stub, resolve_with
from tests.hostile_server import HostileServer, answer
from tests.teams.sso.oidc_walk import BEGIN, DESCRIPTION, away, description, text, use_provider

REFUSED = "has an address that this installation may not call"


@pytest.fixture
def server(settings) -> Iterator[HostileServer]:
    """The provider of the settings, which answers to its description and gives out tokens."""
    with HostileServer() as running:
        use_provider(settings, running.url)
        running.on(DESCRIPTION, answer(200, description(running.url)))
        running.on("/t", answer(200, {"access_token": "x", "id_token": "a.b.c"}))
        yield running


@pytest.fixture
def ours() -> Iterator[HostileServer]:
    """A server at a port that Plimsoll itself lives on."""
    with HostileServer() as running:
        before = outbound.configure(outbound.Rules(services=(outbound.Service("the web server", "", running.port),)))
        yield running
        outbound.configure(before)


def come_back(client: Client):
    state = away(client.post(BEGIN)).partition("&state=")[2].partition("&")[0]
    return client.get(f"{BEGIN}callback/?code=x&state={state}")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.5.5.5", "[::1]", "2130706433"])
def test_our_own_port_is_not_called_as_the_token_endpoint(client: Client, db, server, ours, caplog, host):
    server.on(DESCRIPTION, answer(200, description(server.url, token_endpoint=f"http://{host}:{ours.port}/t")))
    page = come_back(client)
    assert page.status_code == 401 and REFUSED in text(page)
    assert "the web server of Plimsoll itself" in caplog.text
    assert ours.connections == 0


def test_our_own_port_is_not_called_as_the_issuer(client: Client, db, settings, ours):
    use_provider(settings, ours.url)
    assert REFUSED in text(client.post(BEGIN))
    assert ours.connections == 0


@pytest.mark.parametrize("address", ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "0.0.0.0"])
def test_metadata_and_link_local_addresses_are_not_called(client: Client, db, server, address):
    server.on(DESCRIPTION, answer(200, description(server.url, token_endpoint=f"http://{address}/t")))
    assert REFUSED in text(come_back(client))


@pytest.mark.parametrize("rules", [{"deny": "127.0.0.0/8"}, {"allow": "10.0.0.0/8"}])
def test_the_networks_of_the_settings_hold_for_the_provider(client: Client, db, server, ours, rules):
    outbound.configure(outbound.Rules(**{name: (ip_network(text),) for name, text in rules.items()}))
    assert REFUSED in text(client.post(BEGIN))
    assert server.connections == 0


def test_a_name_that_is_rebound_after_the_description_gains_nothing(
    client: Client, db, server, ours, settings, monkeypatch
):
    outbound.configure(outbound.Rules(deny=(ip_network("127.0.0.2"),)))
    url = f"http://rebound.example.org:{server.port}"
    use_provider(settings, url)
    server.on(DESCRIPTION, answer(200, description(url)))
    with dns_stub("127.0.0.1", "127.0.0.1", "127.0.0.2") as stub:
        resolve_with(monkeypatch, stub)
        page = come_back(client)
    assert REFUSED in text(page)
    assert server.asked() == [f"GET {DESCRIPTION}"] * 2
