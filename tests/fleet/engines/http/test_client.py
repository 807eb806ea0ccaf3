"""The client: what it sends, what it takes, and what it refuses to take."""

import gzip
import tracemalloc
from pathlib import Path

import pytest

from fleet.engines.errors import BadAnswer, Cause, ProbeError, Rejected, Unreachable
from fleet.engines.http.client import Client
from tests import hostile_server as hostile
from tests.hostile_server import HostileServer, answer

from ..expect import KEY, fails

# What works


def test_an_answer_carries_status_headers_body_and_url(server: HostileServer) -> None:
    server.on("/api/version", answer(200, {"version": "1"}, X_Thing="yes"))
    with Client(server.url) as client:
        got = client.get("/api/version")
    assert (got.status, got.headers["x-thing"], got.url) == (200, "yes", server.url + "/api/version")
    assert got.json(dict) == {"version": "1"}


@pytest.mark.parametrize("status", [204, 304, 401, 404, 500, 503])
def test_any_http_status_is_an_answer(server: HostileServer, status: int) -> None:
    server.on("/", answer(status))
    with Client(server.url) as client:
        assert client.get("/").status == status


def test_one_probe_uses_one_connection_and_the_next_a_fresh_one(server: HostileServer) -> None:
    for _ in range(2):
        with Client(server.url) as client:
            client.get("/a")
            client.post("/b", {"x": 1})
    assert [request.connection for request in server.requests] == [1, 1, 2, 2]
    assert server.requests[1].body == b'{"x": 1}'


def test_an_idle_connection_that_the_server_closed_is_opened_again(server: HostileServer) -> None:
    server.on("/last", lambda sock, stop: answer(200, b"bye")(sock, stop) and False)
    with Client(server.url) as client:
        assert client.get("/last").body == b"bye"
        assert client.get("/next").status == 404


def test_a_connection_closed_just_as_it_is_used_again_costs_one_more_try(server: HostileServer) -> None:
    turns = iter([hostile.hang_up(), answer(200, b"here")])
    server.on("/next", lambda sock, stop: next(turns)(sock, stop))
    with Client(server.url) as client:
        client.get("/first")
        assert client.get("/next").body == b"here"
    assert [request.connection for request in server.requests] == [1, 1, 2]


def test_a_post_has_no_second_try(server: HostileServer) -> None:
    server.on("/run", hostile.hang_up())
    with Client(server.url) as client:
        client.get("/first")
        with fails(Unreachable, Cause.CONNECTION_LOST):
            client.post("/run", {})
    assert server.asked() == ["GET /first", "POST /run"]


def test_exchanges_show_step_phases_and_bytes(server: HostileServer) -> None:
    server.on("/x", answer(200, b"12345"))
    with Client(server.url) as client:
        client.step = "load"
        client.get("/x?secret=1")
        client.get("/x")
    first, second = client.exchanges
    assert (first.step, first.request, first.status, first.bytes, first.error) == (
        "load",
        "GET /x",
        200,
        5,
        None,
    )
    assert first.dns_ms is not None and first.connect_ms is not None and first.tls_ms is None
    assert first.first_byte_ms is not None and first.total_ms is not None
    assert 0 < first.first_byte_ms <= first.total_ms
    assert second.connect_ms is None  # the same connection


def test_a_path_below_the_host_is_kept(server: HostileServer) -> None:
    with Client(server.url + "/ollama/") as client:
        client.get("/api/tags")
    assert server.asked() == ["GET /ollama/api/tags"]


def test_gzip_that_nobody_asked_for_is_decoded(server: HostileServer) -> None:
    server.on("/", answer(200, gzip.compress(b'{"a": 1}'), Content_Encoding="gzip"))
    with Client(server.url) as client:
        assert client.get("/").json() == {"a": 1}
    assert server.requests[0].headers["accept-encoding"] == "identity"


# Nothing from the environment, and the key stays ours


def test_environment_proxies_netrc_and_cookies_are_not_used(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password pw\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server.on("/", answer(200, b"", Set_Cookie="a=b"))
    with Client(server.url) as client:
        client.get("/")
        client.get("/again")
    for request in server.requests:
        assert not {"authorization", "cookie"} & set(request.headers)


def test_the_key_is_sent_as_bearer_unless_set_otherwise(server: HostileServer) -> None:
    with Client(server.url, api_key=KEY) as client:
        client.get("/a")
        client.get("/b", auth=False)
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert "authorization" not in server.requests[1].headers


@pytest.mark.parametrize(("password", "sent"), [("gehéim:x", "YsOzYjpnZWjDqWltOng="), (None, "YsOzYjo=")])
def test_with_a_user_name_the_key_is_the_password_of_basic_auth(
    server: HostileServer, password: str | None, sent: str
) -> None:
    with Client(server.url, api_key=password, username="bób") as client:
        client.get("/a")
        client.post("/b", {})
        client.get("/c", auth=False)
    assert [request.headers.get("authorization") for request in server.requests] == [f"Basic {sent}"] * 2 + [None]


def test_a_user_name_with_a_colon_is_not_sent(server: HostileServer) -> None:
    with Client(server.url, username="a:b") as client, fails(Rejected, Cause.AUTH_REJECTED, "colon"):
        client.get("/")
    assert server.requests == []


@pytest.mark.parametrize(
    "behaviour",
    [
        hostile.redirect(f"http://evil.example/{KEY}"),
        hostile.garbage(f"key {KEY} refused\r\n\r\n".encode()),
        answer(200, f"you sent {KEY}"),
    ],
)
def test_a_key_that_the_server_repeats_stays_out_of_messages(
    server: HostileServer, behaviour: hostile.Behaviour
) -> None:
    server.on("/", behaviour)
    with Client(server.url, api_key=KEY) as client, pytest.raises(ProbeError) as caught:
        client.get("/").json(dict)
    assert KEY not in caught.value.detail + str(caught.value) + repr(client.exchanges)
    assert "***" in caught.value.detail


@pytest.mark.parametrize("key", ["line\nbreak", "schlüssel", "two words"])
def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(server: HostileServer, key: str) -> None:
    with Client(server.url, api_key=key) as client, fails(Rejected, Cause.AUTH_REJECTED):
        client.get("/")
    assert key not in repr(client.exchanges)
    assert server.requests == []


# Size


@pytest.mark.parametrize(
    "behaviour",
    [hostile.huge(), hostile.endless_body(), hostile.endless_body(chunked=True)],
)
def test_too_much_is_cut_off(server: HostileServer, behaviour: hostile.Behaviour) -> None:
    server.on("/", behaviour)
    with Client(server.url, deadline=5) as client, fails(BadAnswer, Cause.TOO_LARGE, "1,048,576"):
        client.get("/")


def test_the_cap_is_inclusive_and_can_be_set_per_request(server: HostileServer) -> None:
    server.on("/", answer(200, b"x" * 100))
    with Client(server.url) as client:
        assert len(client.get("/", max_bytes=100).body) == 100
        with fails(BadAnswer, Cause.TOO_LARGE):
            client.get("/", max_bytes=99)
        assert client.get("/").status == 200  # and the client still works


def test_a_gzip_bomb_stops_at_the_cap_with_little_memory(server: HostileServer) -> None:
    server.on("/", hostile.gzip_bomb())
    tracemalloc.start()
    try:
        with Client(server.url, deadline=5) as client, fails(BadAnswer, Cause.TOO_LARGE):
            client.get("/")
        assert tracemalloc.get_traced_memory()[1] < 8 * 1024 * 1024
    finally:
        tracemalloc.stop()


# Redirects


def test_a_redirect_on_the_same_server_is_followed(server: HostileServer) -> None:
    server.on("/old", hostile.redirect("/new#part", 308))
    server.on("/new", answer(200, b"here"))
    with Client(server.url, api_key=KEY) as client:
        got = client.get("/old")
    assert (got.body, got.url) == (b"here", server.url + "/new")


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://login.example/auth?token=abc", "https://login.example/auth"),
        ("//other.example/", "http://other.example/"),
        ("http://127.0.0.1:1/", "http://127.0.0.1:1/"),
        ("file:///etc/passwd", "file:///etc/passwd"),
        ("http://[::1", "http://[::1"),
        ("http://127.0.0.1:99999999/", "127.0.0.1"),
    ],
)
def test_a_redirect_elsewhere_is_named_and_not_followed(server: HostileServer, location: str, named: str) -> None:
    server.on("/", hostile.redirect(location))
    with Client(server.url, api_key=KEY) as client, fails(BadAnswer, Cause.REDIRECTED, named):
        client.get("/")
    assert len(server.requests) == 1


def test_a_redirect_with_credentials_is_not_followed(server: HostileServer) -> None:
    server.on("/", hostile.redirect(server.url.replace("//", "//me:pw@") + "/x"))
    with Client(server.url) as client, pytest.raises(BadAnswer) as caught:
        client.get("/")
    assert "pw" not in caught.value.detail


def test_a_redirect_loop_ends(server: HostileServer) -> None:
    server.on("/", hostile.redirect("/"))
    with Client(server.url) as client, fails(BadAnswer, Cause.REDIRECTED, "more than 3"):
        client.get("/")
    assert len(server.requests) == 4


def test_a_post_is_never_sent_again(server: HostileServer) -> None:
    server.on("/", hostile.redirect("/new", 307))
    with Client(server.url) as client, fails(BadAnswer, Cause.REDIRECTED):
        client.post("/", {})
    assert server.asked() == ["POST /"]
