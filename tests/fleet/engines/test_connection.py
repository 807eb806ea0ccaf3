"""Connections that do not come about, or break: each has its own cause."""

import errno
import os
import resource
import socket

import pytest

from core.http import transport
from fleet.engines.errors import BadAnswer, Cause, Unreachable
from fleet.engines.http.client import Client
from tests import hostile_server as hostile
from tests.hostile_server import HostileServer, answer

from .expect import DEADLINE, fails


@pytest.mark.parametrize(
    ("behaviour", "word"),
    [
        (hostile.garbage(), "not HTTP"),
        (hostile.garbage(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), ""),
        (hostile.garbage(b"HTTP/1.1 200 OK\r\nContent-Length: 5, 7\r\n\r\nabc"), ""),
        (hostile.reset(), "reset"),
        (hostile.hang_up(), "without an answer"),
        (hostile.truncated(), "middle"),
    ],
)
def test_a_broken_connection_is_connection_lost(server: HostileServer, behaviour: hostile.Behaviour, word: str) -> None:
    server.on("/", behaviour)
    with Client(server.url, deadline=2) as client, fails(Unreachable, Cause.CONNECTION_LOST, word):
        client.get("/")
    assert client.connected


def test_a_tls_alert_in_answer_to_plain_http_wants_https(server: HostileServer) -> None:
    server.on("/", hostile.garbage(b"\x15\x03\x01\x00\x02\x02\x46"))
    with Client(server.url, deadline=2) as client, fails(Unreachable, Cause.WANTS_HTTPS, "TLS alert"):
        client.get("/")


@pytest.mark.parametrize(("host", "hinted"), [("ollama", True), ("vllm.example.invalid", False)])
def test_a_name_without_dots_that_is_not_found_may_be_one_of_docker_compose(
    monkeypatch: pytest.MonkeyPatch, host: str, hinted: bool
) -> None:
    def unknown(*args: object, **kwargs: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with Client(f"http://{host}:11434") as client, pytest.raises(Unreachable) as caught:
        client.get("/")
    assert caught.value.cause is Cause.DNS_FAILED and f"The name {host!r} was not found" in caught.value.detail
    assert ("inside the compose network" in caught.value.detail) == hinted


def test_a_wrong_promise_of_gzip_is_a_bad_answer(server: HostileServer) -> None:
    server.on("/gzip", answer(200, b"plain", Content_Encoding="gzip"))
    server.on("/br", answer(200, b"plain", Content_Encoding="br"))
    with Client(server.url) as client:
        for path in ("/gzip", "/br"):
            with fails(BadAnswer, Cause.WRONG_SHAPE):
                client.get(path)


def test_a_refused_connection() -> None:
    with HostileServer() as gone:
        pass
    with Client(gone.url) as client, fails(Unreachable, Cause.CONNECTION_REFUSED):
        client.get("/")
    assert not client.connected


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 63 + ".invalid"])
def test_an_unknown_name(host: str) -> None:
    with Client(f"http://{host}") as client, pytest.raises(Unreachable) as caught:
        client.get("/")
    assert caught.value.cause is Cause.DNS_FAILED
    assert host in caught.value.detail


def test_no_route() -> None:
    broadcast = "http://127.255.255.255:9"  # the kernel has no way there for TCP, and nothing leaves this machine
    with Client(broadcast, deadline=DEADLINE) as client, fails(Unreachable, Cause.NO_ROUTE):
        client.get("/")


def test_the_second_address_of_a_name_gets_its_share_of_the_time(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    with hostile.full_backlog() as dead:
        addresses = [
            (*stream, ("127.0.0.1", int(dead.rpartition(":")[2]))),
            (*stream, ("127.0.0.1", server.port)),
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: addresses)
        with Client("http://two.test", deadline=1) as client:
            assert client.get("/").status == 404


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL])
def test_what_this_machine_ran_out_of_says_nothing_about_the_server(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object, **__: object) -> socket.socket:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(transport.socket, "socket", refuse)
    with Client(server.url) as client, fails(Unreachable, Cause.BLIND, "This machine", os.strerror(code)):
        client.get("/")


@pytest.mark.parametrize("spare", [0, 1])  # none for the connection, none for its guard
def test_a_process_without_free_files_is_blind(server: HostileServer, spare: int) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 5, before[1]))
    held = _hold_all_files()
    try:
        for fd in held[:spare]:
            os.close(fd)
        with Client(server.url) as client, fails(Unreachable, Cause.BLIND, os.strerror(errno.EMFILE)):
            client.get("/")
    finally:
        for fd in held[spare:]:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_connection_that_can_not_be_guarded_is_closed(server: HostileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[socket.socket] = []

    def refuse(sock: socket.socket, ends: float) -> None:
        opened.append(sock)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(transport.watchdog, "guard", refuse)
    with Client(server.url) as client, fails(Unreachable, Cause.BLIND, os.strerror(errno.EMFILE)):
        client.get("/")
    assert opened[0].fileno() == -1


def _hold_all_files() -> list[int]:
    held = []
    while True:
        try:
            held.append(os.dup(0))
        except OSError:
            return held
