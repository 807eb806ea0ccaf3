"""Sends changes to open pages.

A probe publishes; each web process listens once. For boards it makes the changed rows once for all viewers who see and
may act on the same endpoints, and sends them ("board"). Other pages hear "changed", and ask. "missed" has boards ask,
too: from their cursor, so nothing is lost when an event is.
"""

import asyncio
import contextlib
import json
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable
from concurrent.futures import ThreadPoolExecutor

import redis
from django.conf import settings

from core import broker, redis_keys
from core.redis_clients import async_client, client

from .viewers import Announcer

CHANNEL = redis_keys.key("changed")
EVERY = 0.8
"""Seconds between two events, however many endpoints change."""

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent: proxies keep the stream, and dead viewers are noticed."""

LASTS = 60.0
"""Seconds after which a stream ends. The browser opens another, unless it was signed out meanwhile."""

SHARE = 4
"""One in so many of the web server's connections may be an event stream."""

RETRY = 1.0
"""Seconds until we try again to reach a broker that is away."""

log = logging.getLogger(__name__)


def publish(endpoint_ids: list[int]) -> None:
    """Says that these endpoints' rows changed. A broker that is away is logged and never fails a probe."""
    message = json.dumps(endpoint_ids)
    broker.attempt(lambda: client(1.0).publish(CHANNEL, message), "no live board was updated.")


Draw = Callable[[str, set[int]], tuple[str, str]]
"""(cursor, endpoints that changed) -> (HTML that brings a board from there up to date, its new cursor)."""


class Viewer:
    """One open stream of a person (their number) who sees the endpoints named by `scope`; `draw` draws their board."""

    def __init__(self, person: int, scope: Hashable, draw: Draw) -> None:
        self.person, self.scope, self.draw = person, scope, draw
        self.wake = asyncio.Event()
        self.over = False
        self._events: str | None = None

    def give(self, events: str) -> None:
        """Has the stream send these. Who has not read the last ones yet has to ask."""
        self._events = events if self._events is None else _MISSED
        self.wake.set()

    def take(self) -> str:
        """What is to be sent."""
        self.wake.clear()
        events, self._events = self._events or _MISSED, None
        return events

    def end(self) -> None:
        """Has the stream end at once."""
        self.over = True
        self.wake.set()


class Hub:
    """One subscription for all viewers of this process; it lives while there are any."""

    def __init__(self) -> None:
        self._viewers: dict[Viewer, None] = {}  # in the order in which they came
        self._tasks: list[asyncio.Task[None]] = []
        self._changed: set[int] = set()
        self._news = asyncio.Event()
        self._cursors: dict[Hashable, str] = {}  # of the boards that were drawn last, by scope
        self._thread = ThreadPoolExecutor(1, "board")
        self._announcer = Announcer(lambda: len(self._viewers))

    @contextlib.asynccontextmanager
    async def viewer(self, person: int, scope: Hashable, draw: Draw) -> AsyncIterator[Viewer]:
        """A viewer, for as long as the block runs."""
        viewer = Viewer(person, scope, draw)
        self._viewers[viewer] = None
        self._make_room(person)
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._send())]
        self._announcer.viewer_opened()
        try:
            yield viewer
        finally:
            self._viewers.pop(viewer)
            self._announcer.viewer_closed()
            if not self._viewers:
                for task in self._tasks:
                    task.cancel()
                self._tasks = []

    def _make_room(self, person: int) -> None:
        """Ends the oldest stream of whoever has too many, or of the person with the most when all are too many."""
        there = Counter(viewer.person for viewer in self._viewers if not viewer.over)
        if there[person] > settings.STREAMS_PER_PERSON:
            crowd = person
        elif there.total() > max(1, settings.CONNECTIONS // SHARE):
            [(crowd, _)] = there.most_common(1)
        else:
            return
        next(viewer for viewer in self._viewers if viewer.person == crowd and not viewer.over).end()

    async def _listen(self) -> None:
        while True:
            try:
                await self._follow()
            except (redis.RedisError, OSError) as error:
                log.warning("The live boards lost the broker and try again: %s", error)
                await asyncio.sleep(RETRY)

    async def _follow(self) -> None:
        async with async_client(timeout=None) as subscriber, subscriber.pubsub() as subscription:
            await subscription.subscribe(CHANNEL)
            async for message in subscription.listen():
                if message["type"] == "message":
                    self._changed.update(json.loads(message["data"]))
                    self._news.set()
                else:  # Subscribed, perhaps again: what came before was missed.
                    for viewer in self._viewers:
                        viewer.give(_MISSED)

    async def _send(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            changed, self._changed = self._changed, set()
            scopes = {viewer.scope: viewer.draw for viewer in self._viewers}
            self._cursors = {scope: self._cursors.get(scope, "") for scope in scopes}
            for scope, draw in scopes.items():
                events = await self._events(scope, draw, changed)
                for viewer in self._viewers:
                    if viewer.scope == scope:
                        viewer.give(events)
            await asyncio.sleep(EVERY)

    async def _events(self, scope: Hashable, draw: Draw, changed: set[int]) -> str:
        """The events that all who see the same get. Drawn on one thread, which has one database connection."""
        loop = asyncio.get_running_loop()
        try:
            html, self._cursors[scope] = await loop.run_in_executor(self._thread, draw, self._cursors[scope], changed)
        except Exception:
            log.exception("The boards could not be drawn; each asks for itself.")
            return _MISSED
        lines = "".join(f"data: {line}\n" for line in html.splitlines() if line and not line.isspace())
        return (f"event: board\n{lines}\n" if lines else "") + _CHANGED


_CHANGED = "event: changed\ndata: 1\n\n"
_MISSED = f"event: missed\ndata: 1\n\n{_CHANGED}"
# Pages of ours close the stream (sse-close) and ask by themselves now and then; other programs are to come back later.
_OVER = "retry: 60000\nevent: over\ndata: too many\n\n"
_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def hub() -> Hub:
    """The hub of the running event loop (a server has one loop; tests may have several)."""
    for loop in [loop for loop in _hubs if loop.is_closed()]:
        del _hubs[loop]
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


async def stream(person: int, scope: Hashable, draw: Draw) -> AsyncIterator[str]:
    """The event stream of one viewer, for LASTS seconds: new events at most every EVERY seconds, the first at once.

    `person` is the viewer's number. When they have too many streams, the oldest ends with "over".
    """
    end = time.monotonic() + LASTS
    async with hub().viewer(person, scope, draw) as viewer:
        # The page may have been made a while before its stream was opened (or opened again).
        viewer.wake.set()
        yield "retry: 2000\n\n"
        while (left := end - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(min(HEARTBEAT, left)):  # wait_for may lose that the viewer left
                    await viewer.wake.wait()
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if viewer.over:
                yield _OVER
                return
            yield viewer.take()
        # Back soon enough that nobody sees it. Whose session has ended is led to the sign-in page by the question.
        yield f"retry: 200\n\n{_MISSED}"
