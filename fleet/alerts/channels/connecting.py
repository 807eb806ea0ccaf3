"""The address check for connections that Apprise's plugins open by themselves.

Python calls its audit hooks at every connect, with the address that it goes to, before anything is sent. So what a
name led to a moment ago, and what a plugin made out of its URL, does not matter. The same hook knows each socket, so
that none outlives its time: a plugin waits as long as a server goes on sending a byte now and then.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from core.http import outbound, watchdog


class Refused(OSError):
    """A connection to an address that may not be called. HTTP libraries take it for any other failed connection."""


class _Call:
    """What one call connected to and was refused; `ends` is on the monotonic clock."""

    def __init__(self, ends: float) -> None:
        self.ends = ends
        self.refusals: list[str] = []
        self.guards: list[watchdog.Guard] = []

    @property
    def over(self) -> bool:
        """Whether its time is over, or so nearly that a connection would come too late for the watchdog."""
        return time.monotonic() > self.ends - 0.1


_call: ContextVar[_Call | None] = ContextVar("call", default=None)
"""Set while Apprise sends."""

_lock = threading.Lock()
_installed = False


@contextmanager
def checked(seconds: float) -> Iterator[_Call]:
    """What connects in here is checked, and shut down after so many seconds."""
    _install()
    call = _Call(time.monotonic() + seconds)
    token = _call.set(call)
    try:
        yield call
    finally:
        _call.reset(token)
        for guard in call.guards:
            guard.release()


def _install() -> None:
    """Once per process, and only where Apprise is used: a hook is called often and can't be taken away again."""
    global _installed
    with _lock:
        if not _installed:
            sys.addaudithook(_check_connect)
            _installed = True


def _check_connect(event: str, args: tuple[Any, ...]) -> None:
    if event != "socket.connect":
        return
    call = _call.get()
    if call is None:
        return
    sock, address = args
    why = "Only addresses of the internet protocol may be called."
    if isinstance(address, tuple):
        why = outbound.refused(str(address[0]), address[1]) or ""
    if why:
        call.refusals.append(why)
        raise Refused(why)
    if call.over:
        raise Refused("The time for this call is over.")
    call.guards.append(watchdog.guard(sock, call.ends))
