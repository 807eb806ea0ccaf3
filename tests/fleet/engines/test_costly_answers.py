"""Answers that are much work end long before the deadline, and with them the probe."""

import io
import threading
import time
import tracemalloc
from typing import Any

import pytest

from core.http import metering
from fleet.engines.errors import BadAnswer, Cause, ProbeError, TooCostly
from fleet.engines.http.client import Client
from fleet.engines.lenient import LIST_BYTES
from fleet.engines.probe import probe
from tests import costly_answers as costly
from tests.hostile_server import HostileServer, answer

from .expect import fails

FAR = 60.0
"""Seconds: a deadline that no test reaches."""

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LIMITED = {**costly.IN_FRAMING, **costly.IN_SMALL_CHUNKS}


@pytest.mark.parametrize("name", costly.IN_FRAMING)
def test_what_is_around_a_body_has_a_limit(server: HostileServer, name: str) -> None:
    server.on("/", costly.IN_FRAMING[name])
    with Client(server.url, deadline=FAR) as client, fails(TooCostly, Cause.TOO_LARGE, "64 KiB of headers"):
        client.get("/")


@pytest.mark.parametrize("name", costly.IN_SMALL_CHUNKS)
def test_small_chunks_have_a_limit(server: HostileServer, name: str) -> None:
    server.on("/", costly.IN_SMALL_CHUNKS[name])
    with Client(server.url, deadline=FAR) as client, fails(TooCostly, Cause.TOO_LARGE, "small pieces"):
        client.get("/")


@pytest.mark.parametrize("name", costly.IN_SMALL_SEGMENTS)
def test_an_endless_answer_in_small_segments_ends_before_its_deadline(server: HostileServer, name: str) -> None:
    server.on("/", costly.IN_SMALL_SEGMENTS[name])
    with Client(server.url, deadline=FAR) as client, pytest.raises(ProbeError) as caught:
        client.get("/")
    assert caught.value.cause is Cause.TOO_LARGE


def test_an_answer_that_comes_byte_by_byte_is_given_up() -> None:
    class Bytewise(io.BytesIO):
        def readinto(self, buffer: Any) -> int:
            return super().readinto(memoryview(buffer)[:1])

    class Connection:
        def makefile(self, mode: str) -> io.BufferedReader:
            return io.BufferedReader(Bytewise(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 10_000))

    response = metering.Metered(Connection())
    response.begin()
    with pytest.raises(TooCostly, match="small pieces"):
        b"".join(iter(lambda: response.read1(100), b""))


@pytest.mark.parametrize("name", costly.DECODES_TO_NOTHING)
def test_a_body_that_decodes_to_nothing_counts_as_it_was_sent(server: HostileServer, name: str) -> None:
    server.on("/", costly.DECODES_TO_NOTHING[name])
    tracemalloc.start()
    with Client(server.url, deadline=FAR) as client, fails(BadAnswer, Cause.TOO_LARGE, "larger than 1,048,576"):
        client.get("/")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000  # what follows the end of the data is not kept


@pytest.mark.parametrize("engine", [None, "ollama", "vllm", "llamacpp"])
@pytest.mark.parametrize("name", LIMITED)
def test_a_probe_asks_no_more_after_such_an_answer(name: str, engine: str | None) -> None:
    with HostileServer(otherwise=LIMITED[name]) as server:
        reading = probe(server.url, engine=engine, timeout=FAR)
        assert reading.failure is not None and reading.failure.cause is Cause.TOO_LARGE
        assert len(server.requests) == 1


def test_honest_answers_in_pieces_pass(server: HostileServer) -> None:
    body = b"".join(b"%x\r\n%s\r\n" % (300, b"x" * 300) for _ in range(13_000))
    server.on("/chunks", lambda sock, stop: sock.sendall(HEAD + body + b"0\r\n\r\n") or True)
    tokens = b"".join(b"5\r\ntoken\r\n" for _ in range(metering.SMALL_PIECES - 500))
    server.on("/tokens", lambda sock, stop: sock.sendall(HEAD + tokens + b"0\r\nExpires: 0\r\n\r\n") or True)
    server.on("/large", answer(200, b"x" * 1_000_000, **{f"X{number}": "y" * 400 for number in range(90)}))
    with Client(server.url, deadline=FAR) as client:
        assert len(client.get("/chunks", max_bytes=LIST_BYTES).body) == 13_000 * 300
        assert len(client.get("/tokens").body) == 5 * (metering.SMALL_PIECES - 500)
        assert len(client.get("/large").body) == 1_000_000
    assert {request.connection for request in server.requests} == {1}


def test_the_limits_are_of_one_answer_and_not_of_the_connection(server: HostileServer) -> None:
    server.on("/", answer(200, b"x", **{f"X{number}": "y" * 400 for number in range(90)}))
    with Client(server.url, deadline=FAR) as client:
        assert all(client.get("/").status == 200 for _ in range(5))
    assert server.connections == 1


def test_ten_of_them_leave_a_probe_beside_them_its_answer(server: HostileServer) -> None:
    for number, behaviour in enumerate(list(LIMITED.values())[:10]):
        server.on(f"/{number}", behaviour)
    server.on("/honest", answer(200, b"here"))
    used: list[float] = []

    def ask(path: str) -> None:
        with Client(server.url, deadline=FAR) as client, pytest.raises(TooCostly):
            client.get(path)
        used.append(time.thread_time())

    threads = [threading.Thread(target=ask, args=(f"/{number}",)) for number in range(10)]
    for thread in threads:
        thread.start()
    with Client(server.url, deadline=FAR) as client:
        assert client.get("/honest").body == b"here"
    for thread in threads:
        thread.join(FAR)
    assert len(used) == 10 and sum(used) < 10  # seconds of CPU; without limits, 600
