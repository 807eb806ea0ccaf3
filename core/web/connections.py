"""Connections of the web server: deadlines for whoever is slow, and limits on how many there are.

A connection is idle while it waits for its client (for a request, for the rest of one, or to take an answer), and while
its request waits for its turn. When there is no room for a new one, the oldest idle one is closed for it, so that idle
connections lock nobody out.
"""

import asyncio
import socket
import struct
from collections.abc import Iterable
from http import HTTPStatus
from ipaddress import ip_address

import h11
from django.conf import settings
from uvicorn.protocols.http.h11_impl import H11Protocol

from .handler import EVENTS, GONE, QUEUED

HEAD = 10.0
"""Seconds for the whole head of a request, from when the connection was opened, or its last answer was ready."""

BODY = 60.0
"""Seconds for the whole body."""

NEXT_BYTE = 10.0
"""Seconds without a byte of the body."""

READING = 60.0
"""Seconds for which an answer may wait for a client that does not take it."""

CLOSING = 10.0
"""Seconds that a closed connection gets to take the end of its answer."""

AHEAD = 65_536
"""Bytes of further requests that a client may send before it has its answer."""

SHARE = 2
"""One address may have one in so many of the connections, or SMALLEST_SHARE, when no proxy stands before us."""

SMALLEST_SHARE = 50


_NO_LINGERING = struct.pack("ii", 1, 0)


class Connection(H11Protocol):
    """Uvicorn's protocol with deadlines, which `check` applies. Times are of the event loop's clock."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.since = self._last_byte = self.loop.time()  # `since`: when what it waits for was due to begin
        self._stalled: float | None = None
        self._closed: float | None = None
        self.network = _network(self.client)
        # Closes the oldest idle connection of a crowd that is too large by this one, or this one if none is idle.
        there = [one for one in self.connections if isinstance(one, Connection) and not one.transport.is_closing()]
        same = [one for one in there if one.network == self.network]
        if not settings.TRUST_PROXY and len(same) > max(settings.CONNECTIONS // SHARE, SMALLEST_SHARE):
            _close_one(same, self)
        elif len(there) > settings.CONNECTIONS:
            _close_one(there, self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.scope:
            self.scope[GONE] = True  # type: ignore[literal-required]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._last_byte = self.loop.time()
        before = self.conn.their_state
        super().data_received(data)
        if self.conn.their_state is not before:
            self.since = self._last_byte
        # Uvicorn reads on while a request is worked on, to see whether its client goes away.
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY) and len(self.conn.trailing_data[0]) > AHEAD:
            self.drop()

    def on_response_complete(self) -> None:
        self.since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.time()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stalled = None

    @property
    def idle(self) -> bool:
        """Whether nothing is lost but time when it is closed: it waits for its client, or its request for its turn."""
        if self._stalled is not None or self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            return True
        return bool(self.scope and self.scope.get(QUEUED))

    def check(self, now: float) -> None:
        """Closes the connection when a deadline is over. Called every second."""
        if self.transport.is_closing():
            self._closed = self._closed or now
            if now - self._closed > CLOSING:
                self.drop()
        elif self._stalled is not None and now - self._stalled > READING:
            self.drop()
        elif self.conn.their_state is h11.IDLE and now - self.since > HEAD:
            if self.conn.trailing_data[0]:
                self._refuse(HTTPStatus.REQUEST_TIMEOUT)
            else:
                self.transport.close()
        elif self.conn.their_state is h11.SEND_BODY and (now - self.since > BODY or now - self._last_byte > NEXT_BYTE):
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def drop(self) -> None:
        """Closes at once. The system would keep what is not sent for minutes, for a client that does not take it."""
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
        self.transport.abort()

    def _refuse(self, status: HTTPStatus) -> None:
        """Answers with nothing but this status, unless an answer has begun, and closes."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            headers = [(b"content-length", b"0"), (b"connection", b"close")]
            response = h11.Response(status_code=status, headers=headers, reason=status.phrase.encode())
            self.transport.write(self.conn.send(response) or b"")
            self.transport.write(self.conn.send(h11.EndOfMessage()) or b"")
        if self.cycle is not None:  # the application may still wait for the body
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def shutdown(self) -> None:
        """As uvicorn's; event streams end at once, since they would use up all the time there is for the others."""
        super().shutdown()
        if self.cycle is not None and not self.cycle.response_complete and self.scope.get(EVENTS):
            self.transport.close()


def _close_one(crowd: Iterable[Connection], newest: Connection) -> None:
    idle = [one for one in crowd if one.idle and one is not newest]
    if idle:
        min(idle, key=lambda one: one.since).drop()
    else:
        newest._refuse(HTTPStatus.SERVICE_UNAVAILABLE)


def _network(client: tuple[str, int] | None) -> str:
    """What counts as one address: of IPv6 the first 64 bits, since whoever has one has all of them."""
    try:
        address = ip_address((client or ("",))[0].partition("%")[0])
    except ValueError:
        return ""
    return str(address) if address.version == 4 else address.exploded[:19]
