"""Django's ASGI handler, which gives back what a request took before its answer goes out.

A request has a thread and a database connection of its own for as long as Django's handler runs, and that would be
as long as the client likes: answers can be read slowly, and event streams last for minutes.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any
from weakref import WeakValueDictionary

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpResponseBase, StreamingHttpResponse
from django.http.cookie import parse_cookie

from .bodies import Receive, Send

REQUESTS = 50
"""Requests that are worked on at the same time; the next ones wait for their turn once their body is there."""

ONE_CLIENT = 12
"""How many of them may come from one session, or from one address without a session."""

HELD = 4 * 1024 * 1024
"""Bytes of an answer that are kept until Django is done with it. Longer ones (exports) go out while they are made."""

WITHOUT_A_TURN = ("/health/live",)
"""Answered at once, however many wait."""

QUEUED, GONE, EVENTS = "plimsoll.queued", "plimsoll.gone", "plimsoll.events"
"""In the scope of a request: whether it waits for its turn, whether the server lost its client, and whether its answer
is an event stream that has begun."""


class Answer:
    """Takes Django's messages in place of the server, until `hand_over`. `events` is an event stream to send then."""

    def __init__(self, send: Send) -> None:
        self.events: StreamingHttpResponse | None = None
        self._send, self._held, self._bytes = send, list[Mapping[str, Any]](), 0

    async def __call__(self, message: Mapping[str, Any]) -> None:
        self._held.append(message)
        self._bytes += len(message.get("body", b""))
        if self._bytes > HELD:
            await self.hand_over()

    async def hand_over(self) -> None:
        """Sends what is held; waits for as long as the client takes to read it."""
        held, self._held = self._held, []
        for message in held:
            await self._send(message)


class Handler(ASGIHandler):
    """Works on a limited number of requests at once, and sends answers when their threads are free again."""

    def __init__(self) -> None:
        super().__init__()
        self._everybody = asyncio.Semaphore(REQUESTS)
        self._clients: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        answer = Answer(send)
        async with AsyncExitStack() as turn:

            async def received() -> Mapping[str, Any]:
                message = await receive()
                # A body that is still on its way takes nobody's turn.
                if message["type"] == "http.request" and not message.get("more_body"):
                    await self._take_turn(turn, scope)
                return {"type": "http.disconnect"} if scope.get(GONE) else message

            await super().__call__(scope, received, answer)
        await answer.hand_over()
        if answer.events is not None:
            scope[EVENTS] = True
            await self._send_events(answer.events, receive, send)

    async def _take_turn(self, turn: AsyncExitStack, scope: Any) -> None:
        if scope["path"] in WITHOUT_A_TURN:
            return
        name = _client(scope)
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = asyncio.Semaphore(ONE_CLIENT)
        scope[QUEUED] = True
        await turn.enter_async_context(client)
        await turn.enter_async_context(self._everybody)
        scope[QUEUED] = False

    async def send_response(self, response: HttpResponseBase, send: Any) -> None:
        """As Django does, but event streams wait until the request's thread is free."""
        if (
            isinstance(send, Answer)
            and isinstance(response, StreamingHttpResponse)
            and response.headers.get("Content-Type") == "text/event-stream"
        ):
            send.events = response
        else:
            await super().send_response(response, send)

    async def _send_events(self, events: StreamingHttpResponse, receive: Receive, send: Send) -> None:
        """Sends until the stream ends or the client is gone."""
        sending = asyncio.ensure_future(super().send_response(events, send))
        gone = asyncio.ensure_future(receive())
        gone.add_done_callback(lambda _: sending.cancel())
        try:
            await sending
        except asyncio.CancelledError:
            if not gone.done():  # it is we who were cancelled
                raise
        finally:
            gone.cancel()


def _client(scope: Any) -> str:
    """Whose turn it is: a session, or the address of whoever has none."""
    cookies = dict(scope["headers"]).get(b"cookie", b"").decode("latin1")
    return parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME) or (scope.get("client") or ("",))[0]
