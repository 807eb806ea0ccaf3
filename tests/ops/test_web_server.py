"""The web server among idle, slow and silent clients: real processes and sockets, with short deadlines."""

import errno
import os
import shutil
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from config import open_files
from ops import web_server
from tests.web import HALF_A_HEAD, Web, closed_after, read_all

pytestmark = [
    pytest.mark.product,
    pytest.mark.skipif(not shutil.which("prlimit"), reason="limits and watches processes the Linux way"),
]

SHORT = {"HEAD": 1.0, "BODY": 3.0, "NEXT_BYTE": 1.5, "READING": 1.5, "CLOSING": 1.0}
POST = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
GET = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def web(tmp_path_factory) -> Iterator[Web]:
    with Web(tmp_path_factory.mktemp("web"), deadlines=SHORT) as web:
        yield web


def drip(byte: bytes):
    """Something for `closed_after`: one byte each time."""
    return lambda client: client.sendall(byte)


@pytest.mark.parametrize(
    ("sent", "then", "answer"),
    [
        (b"", b"", b""),
        (HALF_A_HEAD, b"", b"HTTP/1.1 408"),
        (HALF_A_HEAD, b"a", b"HTTP/1.1 408"),
        (b"\r\n", b"\r\n", b"HTTP/1.1 400"),
        (POST % 1000, b"", b"HTTP/1.1 408"),
        (POST % 1000 + b"half", b"", b"HTTP/1.1 408"),
        (POST % 1000, b"a", b"HTTP/1.1 408"),
        (GET + HALF_A_HEAD, b"a", b"HTTP/1.1 200"),
        (b"GET /health/live HTTP/1.0\r\nX-a: ", b"a", b"HTTP/1.1 408"),
        (POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n") % 1000, b"", b"HTTP/1.1 100"),
    ],
    ids=["nothing", "half a head", "drip of head", "empty lines", "no body", "half a body", "drip of body",
         "half a second request", "HTTP/1.0", "never continued"],
)  # fmt: skip
def test_who_never_finishes_a_request_is_closed(web, sent, then, answer):
    with web.open(sent) as client:
        took, answered = closed_after(client, drip(then))
    assert took < 25 and answered.startswith(answer) and bool(answered) is bool(answer)


def test_a_whole_request_by_a_slow_but_willing_client_is_answered(web):
    with web.open(POST % 10) as client:
        for _ in range(4):
            client.settimeout(0.2)
            with pytest.raises(TimeoutError):
                client.recv(1)
            client.sendall(b"a")
        client.settimeout(20)
        client.sendall(b"aaaaaa")
        assert client.recv(1000).startswith(b"HTTP/1.1 403")  # no CSRF token


def test_who_never_takes_a_large_answer_is_closed(tmp_path):
    with Web(tmp_path, deadlines=SHORT | {"AHEAD": 10**6}) as web, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(20)
        client.connect(("127.0.0.1", web.port))
        client.sendall(GET.replace(b"/health/live", b"/guide/glossary/") * 3000)  # whose answers have 30 MB
        web.wait_until_closed(client)


def test_who_asks_on_and_on_before_there_is_an_answer_is_closed(web):
    before = web.memory()
    with web.open() as client, suppress(ConnectionError):
        while True:  # a server that reads on has it all in memory
            client.sendall(GET * 1000)
            assert web.memory() - before < 50


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"HTTP/1.1 400"),
        (b"GET /health/live HTTP/1.0\r\n\r\n", b"HTTP/1.1 "),
        (GET.replace(b"\r\n\r\n", b"\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n"), b"HTTP/1.1 200"),
        (GET.replace(b"\r\n\r\n", b"\r\nConnection: upgrade, close\r\nUpgrade: h2c\r\n\r\n"), b"HTTP/1.1 200"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"HTTP/1.1 "),
        (GET.replace(b"\r\n\r\n", b"\r\nX-a: ") + b"a" * 300_000, b"HTTP/1.1 4"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", b"HTTP/1.1 411"),
    ],
    ids=["TLS", "HTTP/1.0", "websocket", "h2c", "HTTP/2", "huge head", "chunked"],
)
def test_other_ways_to_talk_get_an_answer_and_an_end(web, sent, answer):
    with web.open(sent) as client:
        took, answered = closed_after(client)
    assert took < 25 and (not answered or answered.startswith(answer))
    web.live()


def test_tls_is_refused_and_not_waited_for(web):
    context = ssl.create_default_context()
    with web.open() as client, pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(client, server_hostname="localhost")


def test_a_thousand_refused_requests_are_a_few_lines_of_log(web):
    before = web.log.stat().st_size
    for _ in range(300):
        with web.open(b"nonsense\r\n\r\n") as client:
            read_all(client)
    assert web.log.stat().st_size - before < 10_000


@pytest.mark.parametrize("sent", [b"", HALF_A_HEAD, POST % 1000 + b"a"], ids=["silent", "half a head", "half a body"])
def test_idle_connections_lock_nobody_out(tmp_path, sent):
    with ExitStack() as clients, Web(tmp_path, CONNECTIONS="60", files=1024) as web:
        for _ in range(300):
            clients.enter_context(web.open(sent))
        assert web.live() < 5
        assert len(os.listdir(f"/proc/{web.process.pid}/fd")) < 250
        assert web.log.stat().st_size < 100_000


def test_one_address_has_its_share_of_the_connections(tmp_path):
    with ExitStack() as clients, Web(tmp_path, CONNECTIONS="120") as web:
        other = clients.enter_context(socket.socket())
        other.bind(("127.0.0.2", 0))
        other.connect(("127.0.0.1", web.port))
        for _ in range(200):
            clients.enter_context(web.open())
        other.sendall(GET)
        other.settimeout(20)
        assert other.recv(1000).startswith(b"HTTP/1.1 200")  # though it was the oldest of all


def test_a_lower_limit_of_open_files_lowers_the_connections_and_is_said(tmp_path):
    with Web(tmp_path, CONNECTIONS="2000", files=1024) as web:
        assert "not the 2000 of CONNECTIONS, since this process may have only 1024 files open" in web.log.read_text()


def test_it_answers_and_logs_little_even_when_it_can_open_hardly_any_file(tmp_path):
    with ExitStack() as clients, Web(tmp_path, files=30) as web:
        for _ in range(300):
            clients.enter_context(web.open(HALF_A_HEAD))
        for _ in range(10):
            answers(web)
        assert web.log.stat().st_size < 10_000


def answers(web: Web) -> None:
    """Waits for an answer: while every place is taken, one who waits for a place may be turned away."""
    end = time.monotonic() + 20
    while True:
        try:
            web.live()
            return
        except OSError:
            if time.monotonic() > end:
                raise


def test_a_port_that_is_taken_is_said_in_a_sentence(web, tmp_path):
    second = Web(tmp_path, PORT=str(web.port))
    with pytest.raises(AssertionError, match=f"Port {web.port} on 127.0.0.1 can't be used"), second:
        pass
    assert "Traceback" not in second.log.read_text() and second.process.returncode == 1


@pytest.mark.parametrize(
    ("wanted", "files", "fit"), [(2000, 65_536, 2000), (2000, 1024, 262), (100, 1024, 100), (2000, 256, 10)]
)
def test_connections_that_fit(wanted, files, fit):
    assert open_files.connections(wanted, files) == fit


def test_without_descriptors_new_connections_are_closed_and_the_log_says_so_once(monkeypatch, caplog):
    (listener,) = web_server.listeners("127.0.0.1", 0)
    with listener:
        listener.listen()
        none_left = [True, False] * 50
        accept = socket.socket.accept

        def fails(self):
            if none_left.pop(0):
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return accept(self)

        monkeypatch.setattr(socket.socket, "accept", fails)
        for _ in range(50):
            with socket.create_connection(listener.getsockname()) as client:
                with pytest.raises(BlockingIOError):
                    listener.accept()
                assert read_all(client) == b""
    assert caplog.text.count("New connections are closed at once") == 1
