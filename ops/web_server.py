"""The web server: `python -m ops.web_server`. Uvicorn, with the deadlines and limits of core/web/connections.py."""

import asyncio
import errno
import gc
import logging
import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import uvicorn
from django.conf import settings
from django.urls import resolve

from config.asgi import application
from core.web.connections import Connection

from . import listening

log = logging.getLogger(__name__)

WAITING = 2048
"""Connections that the system keeps for us until they are accepted."""

AT_ONCE = 64
"""Connections that are accepted before those of before are counted."""

SAY_AGAIN = 60  # seconds


class Listener(socket.socket):
    """A listening socket that closes new connections at once while no more files can be opened.

    Asyncio would leave them waiting, try again each time round and write a traceback for every try.
    """

    _spare = -1
    _say_again = 0.0

    def listen(self, backlog: int = WAITING) -> None:
        """`backlog` is asyncio's, which means by it how many it accepts in a row."""
        self._spare = os.open(os.devnull, os.O_RDONLY)
        super().listen(WAITING)

    def accept(self) -> tuple[socket.socket, object]:
        """The next connection; BlockingIOError when there is none that can be had."""
        try:
            return super().accept()
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            # The spare descriptor serves to accept one connection, which is closed.
            os.close(self._spare)
            try:
                super().accept()[0].close()
            finally:
                self._spare = os.open(os.devnull, os.O_RDONLY)
            if time.monotonic() >= self._say_again:
                self._say_again = time.monotonic() + SAY_AGAIN
                log.error("New connections are closed at once: %s. Raise the limit of open files.", error.strerror)
            raise BlockingIOError from error


class Server(uvicorn.Server):
    """Uvicorn's server, which wakes once a second, not ten times, and checks its connections then."""

    _stop: Callable[[], object] | None = None

    async def main_loop(self) -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        self._stop = lambda: loop.call_soon_threadsafe(stopped.set)
        while not await self.on_tick(0):  # of what Uvicorn counts in tenths of a second
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await stopped.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._stop:
            self._stop()

    async def on_tick(self, counter: int) -> bool:
        now = asyncio.get_running_loop().time()
        for connection in list(self.server_state.connections):
            assert isinstance(connection, Connection)
            connection.check(now)
        return await super().on_tick(counter)


def listeners(host: str, port: int) -> list[socket.socket]:
    """One for each address of the host; raises OSError when one can't be had."""
    made: list[socket.socket] = []
    for address, family in listening.addresses(host, port).items():
        plain = socket.create_server(address, family=family)
        made.append(Listener(family, socket.SOCK_STREAM, fileno=plain.detach()))
    return made


def configuration() -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=Connection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        backlog=AT_ONCE,
        # Uvicorn would believe X-Forwarded-* of every program on this machine.
        proxy_headers=settings.TRUST_PROXY,
        timeout_graceful_shutdown=3,
    )


def main() -> None:
    """Serves until it is asked to stop; ends with code 1 and a sentence when its port can't be had."""
    if settings.ENVIRONMENT["CONNECTIONS"] > settings.CONNECTIONS:
        log.warning(
            "At most %d connections are kept open, not the %d of CONNECTIONS, since this process may have only %d files"
            " open. Raise the hard limit: LimitNOFILE= for systemd, --ulimit nofile= for Docker, ulimit -Hn in shells.",
            *(settings.CONNECTIONS, settings.ENVIRONMENT["CONNECTIONS"], settings.OPEN_FILES),
        )
    try:
        sockets = listeners(settings.HOST, settings.PORT)
    except OSError as error:
        raise SystemExit(f"Port {settings.PORT} on {settings.HOST} can't be used: {error.strerror or error}") from None
    resolve("/")  # loads all pages
    gc.collect()
    gc.freeze()  # Python's collections would hold up a request now and then to walk all that was loaded
    sys.setswitchinterval(0.001)  # seconds; a fifth of the usual, since the event loop shares a core with busy threads
    Server(configuration()).run(sockets)


if __name__ == "__main__":
    main()
