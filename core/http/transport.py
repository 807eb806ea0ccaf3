"""Connections that cannot outlive the wall clock of their probe.

A timeout of the socket library counts from one byte to the next, so a server that sends a byte a second
holds a reader for ever. Here the watchdog shuts a socket down when its time is over, whatever it is doing;
name lookups, which nothing can interrupt, are left behind in their own thread.
"""

import errno
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from urllib3.connection import HTTPConnection

from . import certificate, outbound, trust, watchdog
from .errors import Cause, ProbeError, TimedOut, Unreachable
from .metering import Metered
from .origin import Origin

COMPOSE = (
    "A name without dots may be a service of docker compose, which is known inside the compose network only: publish "
    "its port and write 127.0.0.1 or the name of its machine, or run Plimsoll in that network."
)
MAX_ADDRESSES = 8  # of one name; more would leave each too little time


_lookups: dict[tuple[str, int], Future[list[Any]]] = {}
_lookups_lock = threading.Lock()


def _after_fork() -> None:
    """Threads do not survive a fork, a held lock does: start afresh in the child."""
    global _lookups_lock
    _lookups_lock = threading.Lock()
    _lookups.clear()


os.register_at_fork(after_in_child=_after_fork)


class Clock:
    """The wall clock of one probe, its phase, and how long the phases of the current request took."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.ends = time.monotonic() + seconds
        self._whole: float | None = None  # when all time is over, while a request has only a share of it
        self._given = seconds  # for the current request
        self.phase = "starting"
        self.times: dict[str, float] = {}  # "dns_ms", "connect_ms", "tls_ms" -> milliseconds
        self.connected = False  # True once a connection (with TLS, if asked for) came about
        self.certificate_until: float | None = None  # unix seconds
        self._guard: watchdog.Guard | None = None

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.ends

    def left(self) -> float:
        """Seconds left; raises TimedOut when there are none."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise self.timed_out()
        return left

    def timed_out(self) -> TimedOut:
        """The error to raise; it names the phase."""
        given = self._given if self._given >= 0.1 else self.seconds  # a share of no time left: the whole was used up
        return TimedOut(Cause.TIMED_OUT, f"No answer within {round(given, 1):g} s ({self.phase}).")

    @contextmanager
    def share(self) -> Iterator[None]:
        """Give what follows half of the time that is left: a server that hangs on it may answer something else.

        Opening a connection is not shared: its half is counted from then on.
        """
        whole = self._whole = self.ends
        if self._guard is not None:
            self._guard.until(self._take_half())
        try:
            yield
        finally:
            self._whole, self.ends, self._given = None, whole, self.seconds
            if self._guard is not None:
                self._guard.until(whole)

    def _take_half(self) -> float:
        if self._whole is not None:
            now = time.monotonic()
            self._given = (self._whole - now) / 2
            self.ends = now + self._given
        return self.ends

    @contextmanager
    def measure(self, name: str, phase: str) -> Iterator[None]:
        """Time one phase; after an error the phase stays, so that the error can name it."""
        before, self.phase = self.phase, phase
        began = time.monotonic()
        yield
        self.times[f"{name}_ms"] = round((time.monotonic() - began) * 1000, 3)
        self.phase = before

    def guard(self, sock: socket.socket) -> None:
        """Hold this connection, in place of an earlier one, to the end time."""
        self.release()
        self._guard = watchdog.guard(sock, self._take_half())

    def release(self) -> None:
        if self._guard is not None:
            self._guard.release()
            self._guard = None


class PlainConnection(HTTPConnection):
    """urllib3's connection, opened within the clock and guarded from then on; its answers are metered."""

    response_class = Metered
    scheme = "http"

    def __init__(self, *args: Any, clock: Clock, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.clock = clock

    def _new_conn(self) -> socket.socket:
        return open_connection(Origin(self.scheme, self._dns_host, self.port), self.clock)


class TlsConnection(PlainConnection):
    """The same with TLS."""

    default_port = 443  # type: ignore[misc]  # as in urllib3
    scheme = "https"


def open_connection(origin: Origin, clock: Clock, verify: bool = True) -> socket.socket:
    """A guarded connection to this server. Raises Unreachable or TimedOut.

    Without `verify` any certificate will do.
    """
    # The contexts are shared: loading the CA files costs more than the whole probe.
    context = _context(verify) if origin.scheme == "https" else None
    sock = open_socket(origin.host, origin.port, clock)
    if context:
        with clock.measure("tls", "the TLS handshake was under way"):
            sock = secured = _handshake(context, sock, origin.host.rstrip("."), clock)
            clock.certificate_until = certificate.until(secured) if verify else None
    clock.connected = True
    return sock


def open_socket(host: str, port: int, clock: Clock, *, own: bool = False) -> socket.socket:
    """A connected and guarded TCP socket. Raises Unreachable or TimedOut.

    `own`: to a listener that we opened ourselves, to which no rules apply.
    """
    with clock.measure("dns", "looking up the name"):
        found = look_up(host, port, clock)
        addresses = found if own else _allowed(found)
    with clock.measure("connect", "connecting"):
        sock = _connect(addresses[:MAX_ADDRESSES], clock)
    try:
        clock.guard(sock)
    except OSError:  # no file is left for the guard's own
        sock.close()
        raise
    return sock


def _allowed(addresses: list[Any]) -> list[Any]:
    """Those that may be called. Checked where they are connected to, so what a name meant earlier is no matter."""
    reasons = [outbound.refused(*address[4][:2]) for address in addresses]
    if None not in reasons:
        raise Unreachable(Cause.ADDRESS_REFUSED, str(reasons[0]))
    return [address for address, why in zip(addresses, reasons, strict=True) if why is None]


def look_up(host: str, port: int, clock: Clock) -> list[Any]:
    """The addresses of `host` as getaddrinfo gives them. Raises Unreachable or TimedOut."""
    try:
        return numeric(host, port) or _shared_lookup(host, port).result(clock.left())
    except TimeoutError:
        raise clock.timed_out() from None
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a valid name"
        detail = f"The name {host!r} was not found: {reason}.{'' if '.' in host else f' {COMPOSE}'}"
        raise ours(error) or Unreachable(Cause.DNS_FAILED, detail) from None


@lru_cache(maxsize=4096)
def numeric(host: str, port: int) -> list[Any]:
    """The address as getaddrinfo gives it where `host` is an IP address in any notation; empty for a name."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (socket.gaierror, UnicodeError):
        return []


def _shared_lookup(host: str, port: int) -> Future[list[Any]]:
    """One thread per name in the air, so a name server that hangs for one name holds up no other endpoint."""
    key = (host, port)
    with _lookups_lock:
        future = _lookups.get(key)
        if future is None:
            future = Future()
            threading.Thread(target=_look_up, args=(key, future), name="probe-dns", daemon=True).start()
            _lookups[key] = future
    return future


def _look_up(key: tuple[str, int], future: Future[list[Any]]) -> None:
    try:
        found, error = socket.getaddrinfo(*key, type=socket.SOCK_STREAM), None
    except BaseException as raised:  # handed on: whoever waits for the future raises it
        found, error = [], raised
    with _lookups_lock:  # before the result is set: whoever asks from then on gets an answer of their own
        _lookups.pop(key, None)
    if error is None:
        future.set_result(found)
    else:
        future.set_exception(error)


def _connect(addresses: list[Any], clock: Clock) -> socket.socket:
    """The first address that accepts. Each gets its share of the time: a dead IPv6 leaves some for IPv4."""
    errors: list[OSError] = []
    for tried, (family, kind, protocol, _, address) in enumerate(addresses):
        try:
            return _connect_one(family, kind, protocol, address, clock.left() / (len(addresses) - tried))
        except OSError as error:
            errors.append(error)
    likeliest = (e for kind in (TimeoutError, ConnectionRefusedError) for e in errors if isinstance(e, kind))
    theirs = [e for e in errors if not ours(e)] or errors
    raise _connect_error(next(likeliest, theirs[-1]), clock) from None


def _connect_one(family: int, kind: int, protocol: int, address: Any, seconds: float) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    try:
        sock.settimeout(seconds)
        sock.connect(address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        sock.close()
        raise
    return sock


def _connect_error(error: OSError, clock: Clock) -> ProbeError:
    if isinstance(error, TimeoutError):
        return clock.timed_out()
    if error.errno == errno.ECONNREFUSED:
        return Unreachable(Cause.CONNECTION_REFUSED, "The connection was refused.")
    if error.errno == errno.ECONNRESET:
        return Unreachable(Cause.CONNECTION_LOST, "The connection was reset while it was being opened.")
    return ours(error) or Unreachable(Cause.NO_ROUTE, f"No way to this host: {error.strerror or error}.")


_OURS = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}


def ours(error: BaseException) -> Unreachable | None:
    """The error to raise when this machine ran out of something, which says nothing about the server; else None."""
    code = error.errno if isinstance(error, OSError) else None
    if code not in _OURS:
        return None
    return Unreachable(Cause.BLIND, f"This machine could not open a connection: {os.strerror(code)}.")


def _context(verify: bool) -> ssl.SSLContext:
    try:
        return trust.context(verify)
    except OSError as error:  # ssl.SSLError is one too
        reason = error.strerror or str(error)
        detail = f"The file of CA_BUNDLE, {trust.bundle()!r}, cannot be used: {reason}."
        raise ours(error) or Unreachable(Cause.TLS_FAILED, detail) from None


def _handshake(context: ssl.SSLContext, raw: socket.socket, host: str, clock: Clock) -> ssl.SSLSocket:
    try:
        raw.settimeout(clock.left())
        return context.wrap_socket(raw, server_hostname=host)
    except (OSError, ValueError) as error:  # ValueError: a host name that TLS cannot carry
        raw.close()
        if clock.over or isinstance(error, TimeoutError):
            raise clock.timed_out() from None
        raise Unreachable(Cause.TLS_FAILED, trust.trouble(error, host)) from None
