"""Turns of requests, and what a request gives back before its answer is sent. The slow views wait for `may_end`."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable

import pytest
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from core.web import handler
from core.web.handler import EVENTS, GONE, Handler
from ops.health_pages import live

may_end, began, ended = threading.Event(), list[str](), list[str]()


@login_not_required
def slow(request: HttpRequest) -> HttpResponse:
    began.append(request.headers.get("X-Name", ""))
    may_end.wait(20)
    return HttpResponse("slow")


@login_not_required
def large(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"a" * 300_000)


@login_not_required
async def events(request: HttpRequest) -> StreamingHttpResponse:
    async def stream() -> AsyncIterator[str]:
        try:
            while True:
                yield "data: 1\n\n"
                await asyncio.sleep(0.01)
        finally:
            ended.append("stream")

    return StreamingHttpResponse(stream(), content_type="text/event-stream")


urlpatterns = [path("slow", slow), path("large", large), path("events", events), path("health/live", live)]


@pytest.fixture(autouse=True)
def _few_turns(settings, monkeypatch):
    settings.ROOT_URLCONF = __name__
    monkeypatch.setattr(handler, "REQUESTS", 3)
    monkeypatch.setattr(handler, "ONE_CLIENT", 2)
    may_end.clear()
    began.clear()
    ended.clear()
    yield
    may_end.set()


class Client:
    """A request to `application` that runs in the background; `reads` is whether the client takes the answer."""

    def __init__(self, application: Handler, where: str, *, address: str = "10.0.0.1", cookie: str = "") -> None:
        self.sent: list[dict] = []
        self.reads, self.leaves = asyncio.Event(), asyncio.Event()
        self.reads.set()
        headers = [(b"host", b"localhost"), (b"x-name", (cookie or address).encode()), (b"cookie", cookie.encode())]
        self.scope = {"type": "http", "method": "GET", "path": where, "query_string": b"", "headers": headers}
        self.scope |= {"client": (address, 1), "server": ("localhost", 80), "http_version": "1.1"}
        self._asked = False
        self.task = asyncio.ensure_future(application(self.scope, self._receive, self._send))

    async def _receive(self) -> dict:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict) -> None:
        await self.reads.wait()
        self.sent.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


async def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        await asyncio.sleep(0.01)


def test_one_session_or_address_has_its_turns_and_others_have_theirs():
    async def scene() -> None:
        application = Handler()
        same = [Client(application, "/slow", cookie="plimsoll_session=alice", address=f"10.0.0.{n}") for n in range(5)]
        await until(lambda: len(began) == 2)
        other = Client(application, "/slow", address="10.0.0.9")
        await until(lambda: "10.0.0.9" in began)
        assert began.count("plimsoll_session=alice") == 2
        at_once = Client(application, "/health/live", address="10.0.0.8")  # though all turns are taken
        await until(lambda: at_once.body == b"ok\n")
        may_end.set()
        await asyncio.gather(*(client.task for client in (*same, other, at_once)))
        assert [client.body for client in (*same, other)] == [b"slow"] * 6

    asyncio.run(scene())


def test_who_left_while_waiting_for_a_turn_is_not_worked_for():
    async def scene() -> None:
        application = Handler()
        first = [Client(application, "/slow") for _ in range(2)]
        await until(lambda: len(began) == 2)
        gone = Client(application, "/slow", cookie="a=gone")
        await until(lambda: gone.scope.get(handler.QUEUED))
        gone.scope[GONE] = True
        may_end.set()
        await asyncio.gather(*(client.task for client in (*first, gone)))
        assert "a=gone" not in began and gone.body == b""

    asyncio.run(scene())


def test_who_does_not_read_an_answer_keeps_no_turn_and_no_thread():
    async def scene() -> None:
        application, before = Handler(), threading.active_count()
        silent = [Client(application, "/large") for _ in range(10)]
        for client in silent:
            client.reads.clear()
        quick = Client(application, "/large")
        await until(lambda: len(quick.body) == 300_000)
        await until(lambda: threading.active_count() <= before)
        assert not any(client.sent for client in silent)
        for client in silent:
            client.reads.set()
        await asyncio.gather(*(client.task for client in silent))
        assert {len(client.body) for client in silent} == {300_000}

    asyncio.run(scene())


def test_an_answer_that_is_too_long_to_keep_goes_out_while_it_is_made(monkeypatch):
    monkeypatch.setattr(handler, "HELD", 100_000)

    async def scene() -> None:
        client = Client(Handler(), "/large")
        await client.task
        assert len(client.body) == 300_000 and client.sent[0]["status"] == 200
        assert [message.get("more_body", False) for message in client.sent[1:]][-1] is False

    asyncio.run(scene())


def test_event_streams_keep_no_turn_and_no_thread_and_end_with_their_client():
    async def scene() -> None:
        application, before = Handler(), threading.active_count()
        streams = [Client(application, "/events") for _ in range(20)]
        await until(lambda: all(client.body.count(b"data") > 2 for client in streams))
        assert threading.active_count() <= before
        assert all(client.scope[EVENTS] for client in streams)
        for client in streams:
            client.leaves.set()
        await asyncio.gather(*(client.task for client in streams))
        assert len(ended) == 20

    asyncio.run(scene())


def test_a_server_that_stops_ends_its_event_streams():
    async def scene() -> None:
        client = Client(Handler(), "/events")
        await until(lambda: client.body)
        client.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await client.task
        assert ended == ["stream"]

    asyncio.run(scene())
