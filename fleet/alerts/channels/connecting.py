"""The address check for connections that Apprise's plugins open by themselves.

Python tells its audit hooks of every connect, with the address that it goes to, before anything is sent. So what a
name led to a moment ago, and what a plugin made out of its URL, does not matter.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from core.http import outbound

_refusals: ContextVar[list[str] | None] = ContextVar("refusals", default=None)
"""Set while Apprise sends. Its worker thread gets a copy of the context, and so the same list."""

_lock = threading.Lock()
_installed = False


class Refused(OSError):
    """A connection to an address that may not be called. HTTP libraries take it for any other failed connection."""


@contextmanager
def checked() -> Iterator[list[str]]:
    """What connects in here is checked; the list has a sentence for each connection that was refused."""
    _install()
    refusals: list[str] = []
    token = _refusals.set(refusals)
    try:
        yield refusals
    finally:
        _refusals.reset(token)


def _install() -> None:
    """Once per process, and only where Apprise is used: a hook is called often and can't be taken away again."""
    global _installed
    with _lock:
        if not _installed:
            sys.addaudithook(_look)
            _installed = True


def _look(event: str, args: tuple[Any, ...]) -> None:
    if event != "socket.connect":
        return
    refusals = _refusals.get()
    if refusals is None:
        return
    address = args[1]
    why = "Only addresses of the internet protocol may be called."
    if isinstance(address, tuple):
        why = outbound.refused(str(address[0]), address[1]) or ""
    if why:
        refusals.append(why)
        raise Refused(why)
