"""The wall clock of a probe holds in every phase, whatever the server does."""

import re
import socket
import threading
import time
from queue import Queue

import pytest

from core.http import transport
from fleet.engines.errors import Cause, TimedOut
from fleet.engines.http.client import Client
from tests import hostile_server as hostile
from tests.hostile_server import HostileServer, answer

from .expect import DEADLINE, MARGIN, fails


@pytest.mark.parametrize(
    ("behaviour", "phase"),
    [
        (hostile.hang(), "waiting for the answer"),
        (hostile.dribble_headers(), "waiting for the answer"),
        (hostile.dribble_body(), "reading the body"),
        (hostile.dribble_body(length=None), "reading the body"),
    ],
)
def test_the_deadline_holds(server: HostileServer, behaviour: hostile.Behaviour, phase: str) -> None:
    server.on("/", behaviour)
    with Client(server.url, deadline=DEADLINE) as client, fails(TimedOut, Cause.TIMED_OUT, phase, "0.3 s"):
        client.get("/")
    assert client.exchanges[0].error == "timed_out"


@pytest.mark.parametrize("chunked", [False, True])
def test_an_endless_body_stops_at_the_deadline_when_the_cap_is_far(server: HostileServer, chunked: bool) -> None:
    server.on("/", hostile.endless_body(chunked))
    with Client(server.url, deadline=DEADLINE, max_bytes=1 << 40) as client, fails(TimedOut, Cause.TIMED_OUT):
        client.get("/")


def test_the_deadline_counts_for_all_requests_together(server: HostileServer) -> None:
    server.on("/slow", lambda sock, stop: not stop.wait(0.12) and answer(200)(sock, stop))
    with Client(server.url, deadline=DEADLINE) as client, fails(TimedOut, Cause.TIMED_OUT):
        for _ in range(4):
            client.get("/slow")
    assert 2 <= len(server.requests) <= 3


def test_when_shares_have_used_up_the_time_the_error_names_the_whole_of_it(server: HostileServer) -> None:
    given = []
    with Client(server.url, deadline=DEADLINE) as client:
        for path in map("/{}".format, range(12)):
            server.on(path, hostile.hang())
            with client.share(), pytest.raises(TimedOut) as raised:
                client.get(path)
            given.append(re.findall("No answer within (.+) s", str(raised.value)))
    assert given[0] == ["0.1"] and given[-1] == ["0.3"] and ["0"] not in given, given


def test_the_deadline_holds_while_connecting() -> None:
    with (
        hostile.full_backlog() as url,
        Client(url, deadline=DEADLINE) as client,
        fails(TimedOut, Cause.TIMED_OUT, "connecting"),
    ):
        client.get("/")
    assert not client.connected


@pytest.mark.parametrize("greeting", [hostile.hang(), hostile.dribble_handshake()])
def test_the_deadline_holds_in_the_tls_handshake(greeting: hostile.Behaviour) -> None:
    with HostileServer(greeting=greeting) as server:
        url = server.url.replace("http:", "https:")
        # Long enough to get as far as the handshake: certificates are loaded within the deadline too.
        with Client(url, deadline=5 * DEADLINE) as client, fails(TimedOut, Cause.TIMED_OUT, "TLS handshake"):
            client.get("/")
        assert not client.connected


def test_the_deadline_holds_while_the_name_server_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    release, real, lookups = threading.Event(), socket.getaddrinfo, []

    def slow(host: str, *args: object, **kwargs: object) -> object:
        if host.startswith("gpu"):
            if kwargs.get("flags"):
                raise socket.gaierror(socket.EAI_NONAME, "not numeric")
            lookups.append(host)
            release.wait(10)
        return real(host, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    for _ in range(2):
        with (
            Client("http://gpu-1.test:9", deadline=DEADLINE) as client,
            fails(TimedOut, Cause.TIMED_OUT, "looking up the name"),
        ):
            client.get("/")
    assert lookups == ["gpu-1.test"]  # the second probe joined the lookup of the first
    release.set()


def test_who_asks_after_an_answer_gets_one_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    release, later = threading.Event(), Queue[object]()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: release.wait(10) and [])
    first = transport._shared_lookup("gpu-1.test", 9)
    first.add_done_callback(lambda _: later.put(transport._shared_lookup("gpu-1.test", 9)))
    release.set()
    assert later.get(timeout=10) is not first


def test_many_hanging_probes_end_together(server: HostileServer) -> None:
    server.on("/", hostile.dribble_body(0.02))
    ended: list[float] = []

    def ask() -> None:
        with Client(server.url, deadline=DEADLINE) as client, pytest.raises(TimedOut):
            client.get("/")
        ended.append(time.monotonic())

    began = time.monotonic()
    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(ended) == 20
    assert max(ended) - began < DEADLINE + MARGIN
