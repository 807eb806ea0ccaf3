"""The installation's own rules for calls: networks, its own ports, and names or redirects that try to get round."""

import socket
from contextlib import ExitStack
from ipaddress import ip_network

import pytest

from core.http import outbound
from fleet.alerts.channels import NotTaken, apprise, webhook
from fleet.alerts.channels.connecting import Refused, checked
from fleet.apps import outbound_rules
from fleet.endpoints import refusal
from fleet.engines.errors import BadAnswer, Cause, Unreachable
from fleet.engines.http.client import Client
from fleet.self_check import heartbeat, own_network
from tests.fleet.tricky_servers import dns_stub, http_server, resolve_with


@pytest.fixture
def rules():
    """A function that puts rules in force until the test is over."""
    before = outbound.configure(outbound.Rules())

    def put(**given):
        networks = {name: tuple(map(ip_network, given.pop(name, ()))) for name in ("deny", "allow")}
        outbound.configure(outbound.Rules(**networks, **given))

    yield put
    outbound.configure(before)


@pytest.mark.parametrize(
    ("deny", "allow", "address", "names"),
    [
        (["10.9.0.0/16"], [], "10.9.1.2", "OUTBOUND_DENY"),
        (["10.9.0.0/16"], [], "::ffff:10.9.1.2", "OUTBOUND_DENY"),
        (["10.9.0.0/16"], [], "64:ff9b::a09:102", "OUTBOUND_DENY"),
        (["10.9.0.0/16"], [], "2002:a09:102::1", "OUTBOUND_DENY"),
        (["10.9.0.0/16"], [], "10.10.0.1", None),
        (["fd12::/32"], [], "fd12:0:1::2%eth0", "OUTBOUND_DENY"),
        (["192.168.1.1"], [], "192.168.1.1", "OUTBOUND_DENY"),
        (["192.168.1.1"], [], "192.168.1.2", None),
        ([], ["10.0.0.0/8"], "10.1.2.3", None),
        ([], ["10.0.0.0/8"], "::ffff:10.1.2.3", None),
        ([], ["10.0.0.0/8"], "11.1.2.3", "OUTBOUND_ALLOW"),
        ([], ["10.0.0.0/8"], "fd12::1", "OUTBOUND_ALLOW"),
        ([], ["10.0.0.0/8", "fd12::/32"], "fd12::1", None),
        (["10.1.0.0/16"], ["10.0.0.0/8"], "10.1.2.3", "OUTBOUND_DENY"),
        ([], ["0.0.0.0/0"], "169.254.169.254", "metadata"),
    ],
)
def test_networks_that_the_installation_refuses(rules, deny, allow, address, names):
    rules(deny=deny, allow=allow)
    why = outbound.refused(address, 8000)
    assert why is None if names is None else names in str(why)


@pytest.mark.parametrize("host", ["", "127.0.0.1", "localhost"])
@pytest.mark.parametrize("address", ["127.0.0.1", "127.5.5.5", "::1", "::ffff:127.0.0.1"])
def test_a_service_of_ours_is_refused_at_every_address_of_this_machine(rules, host, address):
    rules(services=(outbound.Service("the database", host, 5432),))
    assert "the database of Plimsoll" in str(outbound.refused(address, 5432))
    assert outbound.refused(address, 5433) is None


def test_a_service_elsewhere_is_refused_there_only(rules):
    rules(services=(outbound.Service("the broker", "10.0.0.9", 6379),))
    assert "the broker" in str(outbound.refused("::ffff:10.0.0.9", 6379))
    assert outbound.refused("10.0.0.8", 6379) is None
    assert outbound.refused("127.0.0.1", 6379) is None


@pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")  # only read here
def test_the_settings_name_the_web_port_the_database_and_the_broker(settings):
    settings.PORT = 8700
    settings.REDIS_URL = "rediss://:secret@queue.example.org/0"
    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": "10.0.0.7", "PORT": ""}}
    settings.OUTBOUND_DENY = [ip_network("10.9.0.0/16")]
    found = outbound_rules()
    assert [(s.host, s.port) for s in found.services] == [("", 8700), ("10.0.0.7", 5432), ("queue.example.org", 6379)]
    assert found.deny == (ip_network("10.9.0.0/16"),)


def test_a_probe_cannot_be_pointed_at_our_own_port(rules):
    with http_server() as server:
        rules(services=(outbound.Service("the web server", "", server.server_port),))
        url = f"http://localhost:{server.server_port}"
        with Client(url, deadline=2) as client, pytest.raises(Unreachable) as raised:
            client.get("/")
    assert raised.value.cause is Cause.ADDRESS_REFUSED
    assert server.asked == []


@pytest.mark.parametrize("url", ["http://10.9.1.2", "http://[::ffff:10.9.1.2]:80", "http://168362242:8000"])
def test_a_refused_address_can_not_be_saved(rules, url):
    rules(deny=["10.9.0.0/16"])
    assert "OUTBOUND_DENY" in refusal(url)


@pytest.mark.parametrize("url", ["http://10.8.1.2", "http://gpu-1.example.org:8000"])
def test_other_addresses_and_names_can(rules, url):
    rules(deny=["10.9.0.0/16"])
    assert refusal(url) == ""


def test_the_check_of_ourselves_needs_no_permission(rules):
    rules(allow=["10.0.0.0/8"])
    assert own_network.canary() == ""


def test_a_name_that_is_rebound_between_two_probes_is_refused_at_the_second(rules, monkeypatch):
    rules(deny=["127.0.0.2"])
    with http_server() as server, dns_stub("127.0.0.1", "127.0.0.2") as stub:
        resolve_with(monkeypatch, stub)
        url = f"http://rebound.example.org:{server.server_port}"
        with Client(url, deadline=2) as client:
            assert client.get("/first").status == 200
        with Client(url, deadline=2) as client, pytest.raises(Unreachable, match="OUTBOUND_DENY") as raised:
            client.get("/second")
    assert raised.value.cause is Cause.ADDRESS_REFUSED
    assert server.asked == ["/first"]


def test_a_redirect_to_another_port_is_not_followed(rules):
    rules()
    with (
        http_server() as inner,
        http_server(f"http://127.0.0.1:{inner.server_port}/secret") as outer,
        Client(f"http://127.0.0.1:{outer.server_port}", deadline=2) as client,
        pytest.raises(BadAnswer) as raised,
    ):
        client.get("/")
    assert raised.value.cause is Cause.REDIRECTED
    assert inner.asked == []


def _rebound(monkeypatch, rules, stack, path="/hook"):
    """The URL of a server under a name that leads to an allowed address first, to a refused one from then on."""
    rules(deny=["127.0.0.2"])
    server = stack.enter_context(http_server())
    resolve_with(monkeypatch, stack.enter_context(dns_stub("127.0.0.1", "127.0.0.2")))
    return server, f"http://rebound.example.org:{server.server_port}{path}"


def test_a_webhook_whose_name_is_rebound_after_it_was_checked_gains_nothing(rules, monkeypatch):
    with ExitStack() as stack:
        server, url = _rebound(monkeypatch, rules, stack)
        assert webhook.trouble_with(url) == ""
        with pytest.raises(NotTaken, match="OUTBOUND_DENY"):
            webhook._post(url, b"{}", {"Content-Length": "2"})
    assert server.asked == []


def test_an_apprise_service_whose_name_is_rebound_after_it_was_checked_gains_nothing(rules, monkeypatch):
    with ExitStack() as stack:
        server, url = _rebound(monkeypatch, rules, stack)
        service = apprise.opened(url.replace("http://", "json://"))
        with pytest.raises(NotTaken, match="OUTBOUND_DENY"):
            apprise.notify(service, "title", "text")
    assert server.asked == []


def test_only_what_apprise_connects_is_checked_by_its_hook(rules):
    with http_server() as server:
        rules(services=(outbound.Service("the database", "", server.server_port),))
        with checked(5) as call, pytest.raises(Refused, match="the database"):
            socket.create_connection(("127.0.0.1", server.server_port))
        assert len(call.refusals) == 1
        with checked(5), socket.socket(socket.AF_UNIX) as sock, pytest.raises(Refused):
            sock.connect("/run/database.sock")
        socket.create_connection(("127.0.0.1", server.server_port)).close()


@pytest.mark.parametrize(
    "text",
    [
        "json://OUTER/?redirect=yes",
        "json://OUTER/?format=text;redirect=yes",
        "json://OUTER/?%72edirect=yes",
        "json://OUTER/a,json://INNER/second",
        "json://OUTER/a;json://INNER/second",
        "json://OUTER/a,syslog://_/",
        "json://OUTER/?+Host=x",
        "fcm://project/device?mode=oauth2;keyfile=http://INNER/keyfile",
        "workflows://OUTER/flow/signature?template=http://INNER/template",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?format=text;template=/etc/passwd",
        "nostr://secret/?relay=ws://INNER",
        "ntfy://OUTER/topic?attach=http://INNER/x",
        "ntfy://OUTER/topic?to=http://INNER/x",
        "jsons://OUTER/?verify=no",
        "apprise://INNER/token",
        "https://INNER/",
    ],
)
def test_apprise_is_not_talked_round_by_what_stands_in_a_url(rules, text):
    with http_server() as inner, http_server(f"http://127.0.0.1:{inner.server_port}/secret") as outer:
        rules(services=(outbound.Service("the web server", "", inner.server_port),))
        url = text.replace("OUTER", f"127.0.0.1:{outer.server_port}").replace("INNER", f"127.0.0.1:{inner.server_port}")
        with pytest.raises(ValueError, match=r"not allowed|several URLs|always verified"):
            apprise.notify(apprise.opened(url), "title", "text")
    assert inner.asked == outer.asked == []


def test_every_service_that_is_possible_is_one_that_apprise_knows():
    from apprise.manager_plugins import NotificationManager

    assert set(apprise.SERVICES) <= set(NotificationManager().schemas())


def test_a_heartbeat_whose_name_is_rebound_between_two_beats_gains_nothing(rules, monkeypatch, caplog):
    with ExitStack() as stack:
        server, url = _rebound(monkeypatch, rules, stack, "/ping")
        assert heartbeat._fetch(url) is True
        assert heartbeat._fetch(url) is False
    assert server.asked == ["/ping"] and "OUTBOUND_DENY" in caplog.text


@pytest.mark.parametrize("call", ["webhook", "heartbeat", "apprise"])
def test_a_redirect_of_a_receiver_to_one_of_our_own_ports_is_not_followed(rules, call, caplog):
    with http_server() as inner, http_server(f"http://127.0.0.1:{inner.server_port}/secret") as outer:
        rules(services=(outbound.Service("the web server", "", inner.server_port),))
        url = f"http://127.0.0.1:{outer.server_port}/hook"
        if call == "webhook":
            assert webhook._post(url, b"{}", {"Content-Length": "2"}) == (302, "")
        elif call == "heartbeat":
            assert heartbeat._fetch(url) is False
        else:
            with pytest.raises(NotTaken):
                apprise.notify(apprise.opened(url.replace("http://", "json://")), "title", "text")
    assert outer.asked == ["/hook"] and inner.asked == []


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("json://localhost:8700/x", 8700),
        ("ntfy://127.0.0.1:8700/topic", 8700),
        ("json://127.0.0.1/x", 80),
        ("jsons://127.0.0.1/x", 443),
    ],
)
def test_apprise_can_not_be_pointed_at_our_own_port(rules, url, port):
    rules(services=(outbound.Service("the web server", "", port),))
    assert "the web server of Plimsoll" in apprise.trouble_with(url)
    rules(services=(outbound.Service("the web server", "", 9999),))
    assert apprise.trouble_with(url) == ""
