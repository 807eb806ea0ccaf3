"""Announces changes to open boards.

A probe publishes; each web process listens once and informs its viewers. An event says only "changed": the
viewer then asks for what moved since its cursor, so nothing is lost when an event is.
"""

import asyncio
import contextlib
import json
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator

import redis
from django.conf import settings

from core import broker, redis_keys
from core.redis_clients import async_client, client

from .viewers import Announcer

CHANNEL = redis_keys.key("changed")
EVERY = 1.0
"""Seconds between two events to one viewer, however many endpoints change."""

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent: proxies keep the stream, and dead viewers are noticed."""

LASTS = 600.0
"""Seconds after which a stream ends: the browser opens another, and by then may have been signed out."""

SHARE = 4
"""One in so many of the web server's connections may be an event stream."""

RETRY = 1.0
"""Seconds until we try again to reach a broker that is away."""

log = logging.getLogger(__name__)


def publish(endpoint_ids: list[int]) -> None:
    """Says that these endpoints' rows changed. A broker that is away is logged and never fails a probe."""
    message = json.dumps(endpoint_ids)
    broker.attempt(lambda: client(1.0).publish(CHANNEL, message), "no live board was updated.")


class Viewer:
    """One open stream. `wake` is set whenever something changed, and when the stream is to end (`over`)."""

    def __init__(self, person: int) -> None:
        self.person = person
        self.wake = asyncio.Event()
        self.over = False

    def end(self) -> None:
        """Has the stream end at once."""
        self.over = True
        self.wake.set()


class Hub:
    """One subscription for all viewers of this process; it lives while there are any."""

    def __init__(self) -> None:
        self._viewers: dict[Viewer, None] = {}  # in the order in which they came
        self._listener: asyncio.Task[None] | None = None
        self._announcer = Announcer(lambda: len(self._viewers))

    @contextlib.asynccontextmanager
    async def viewer(self, person: int) -> AsyncIterator[Viewer]:
        """A viewer of this person (their number), for as long as the block runs."""
        viewer = Viewer(person)
        self._viewers[viewer] = None
        self._make_room(person)
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen())
        self._announcer.viewer_opened()
        try:
            yield viewer
        finally:
            self._viewers.pop(viewer)
            self._announcer.viewer_closed()
            if not self._viewers and self._listener:
                self._listener.cancel()
                self._listener = None

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
            # Being subscribed (again) counts as a change: the cursor catches up with what was missed.
            async for _ in subscription.listen():
                for viewer in self._viewers:
                    viewer.wake.set()


_CHANGED = "event: changed\ndata: 1\n\n"
# Pages of ours close the stream (sse-close) and ask by themselves now and then; other programs are to come back later.
_OVER = "retry: 60000\nevent: over\ndata: too many\n\n"
_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def hub() -> Hub:
    """The hub of the running event loop (a server has one loop; tests may have several)."""
    for loop in [loop for loop in _hubs if loop.is_closed()]:
        del _hubs[loop]
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


async def stream(person: int) -> AsyncIterator[str]:
    """The event stream of one viewer, for LASTS seconds: at most one "changed" in EVERY seconds, the first at once.

    `person` is the viewer's number. When they have too many streams, the oldest ends with "over".
    """
    end = time.monotonic() + LASTS
    async with hub().viewer(person) as viewer:
        # The page may have been made a while before its stream was opened (or opened again).
        viewer.wake.set()
        yield "retry: 2000\n\n"
        while (left := end - time.monotonic()) > 0:
            try:
                await asyncio.wait_for(viewer.wake.wait(), min(HEARTBEAT, left))
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if viewer.over:
                yield _OVER
                return
            viewer.wake.clear()
            yield _CHANGED
            await asyncio.sleep(EVERY)
        # Back soon enough that nobody sees it. Whose session has ended is led to the sign-in page by the question.
        yield f"retry: 200\n\n{_CHANGED}"
