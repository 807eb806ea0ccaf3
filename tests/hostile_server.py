"""A real server on loopback that misbehaves on demand, one behaviour per path.

with HostileServer() as server:
    server.on("/slow", dribble_body())
    Client(server.url).get("/slow")
"""

import contextlib
import json
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Request:
    """What the client sent; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int  # 1 for the first connection this server accepted


Behaviour = Callable[[socket.socket, threading.Event], bool]
"""Acts on a connection after a request was read; True keeps the connection open. The event says: stop now."""


class HostileServer:
    """Listens from construction, answers 404 or as `otherwise` where nothing else was said, ends its threads on exit.

    With `greeting`, that is what every connection meets, before anything is read from it. With `choose`, requests meet
    what it returns for them, and the routes only where that is None.
    """

    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        greeting: Behaviour | None = None,
        otherwise: Behaviour | None = None,
        choose: Callable[[Request], Behaviour | None] = lambda request: None,
        host: str = "127.0.0.1",
    ) -> None:
        self._greeting = greeting
        self._otherwise = otherwise or answer(404, b"not here")
        self._choose = choose
        self.requests: list[Request] = []
        self.connections = 0
        self._routes: dict[str, Behaviour] = {}
        self._tls = tls
        self._stop = threading.Event()
        self._open: set[socket.socket] = set()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def on(self, path: str, behaviour: Behaviour) -> None:
        """From now on, requests for `path` (without its query) meet `behaviour`."""
        self._routes[path] = behaviour

    def asked(self) -> list[str]:
        """All requests so far, as "GET /path"."""
        return [f"{request.method} {request.path}" for request in self.requests]

    def close(self) -> None:
        """Drop every connection and stop listening; twice does no harm."""
        self._stop.set()
        for sock in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        self._thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        self._open.add(sock)
        with contextlib.suppress(OSError, ValueError):  # the other side gave up: what most tests are about
            if self._tls:
                plain, sock = sock, self._tls.wrap_socket(sock, server_side=True)
                self._open.symmetric_difference_update((plain, sock))
            if self._greeting:
                self._greeting(sock, self._stop)
                sock.recv(65536)  # with unread data, closing would be a reset
            else:
                self._converse(sock, number)
        self._open.discard(sock)
        sock.close()

    def _converse(self, sock: socket.socket, number: int) -> None:
        while request := _read_request(sock, number):
            self.requests.append(request)
            behave = self._choose(request) or self._routes.get(request.path.partition("?")[0], self._otherwise)
            if not behave(sock, self._stop):
                break


def _read_request(sock: socket.socket, number: int) -> Request | None:
    with sock.makefile("rb") as stream:
        line = stream.readline().decode("latin-1").split()
        if len(line) != 3:
            return None
        headers: dict[str, str] = {}
        while (header := stream.readline().decode("latin-1").strip()) != "":
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
    return Request(line[0], line[1], headers, body, number)


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _sends(data: bytes, keep: bool = False) -> Behaviour:
    def behave(sock: socket.socket, stop: threading.Event) -> bool:
        sock.sendall(data)
        return keep

    return behave


def answer(status: int = 200, body: bytes | str | dict[str, Any] | list[Any] = b"", **headers: str) -> Behaviour:
    """A well-formed answer; underscores in header names become hyphens."""
    if isinstance(body, (dict, list)):
        body = json.dumps(body)
    data = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return _sends(_head(status, {"Content-Length": str(len(data)), **named}) + data, keep=True)


def hang() -> Behaviour:
    """Take the request and never answer."""

    def behave(sock: socket.socket, stop: threading.Event) -> bool:
        return stop.wait()

    return behave


def _dribble(head: bytes, slow: bytes, every: float) -> Behaviour:
    def behave(sock: socket.socket, stop: threading.Event) -> bool:
        sock.sendall(head)
        for byte in slow:
            if stop.wait(every):
                break
            sock.sendall(bytes([byte]))
        return False

    return behave


def dribble_headers(every: float = 0.05) -> Behaviour:
    """One byte of the headers at a time: no single read ever takes long."""
    return _dribble(b"", _head(200, {"X-Slow": "x" * 5000}), every)


def dribble_body(every: float = 0.05, length: int | None = 5000) -> Behaviour:
    """Headers at once, then one byte of the body at a time; length None promises no length."""
    headers = {"Connection": "close"} if length is None else {"Content-Length": str(length)}
    return _dribble(_head(200, headers), b"x" * (length or 5000), every)


def dribble_handshake(every: float = 0.05) -> Behaviour:
    """The head of a TLS record, then one byte of it at a time. To be used as a greeting."""
    return _dribble(b"\x16\x03\x03\x40\x00", b"\x02" * 5000, every)


def endless_body(chunked: bool = False) -> Behaviour:
    """Data as fast as it is taken, without end."""
    block = b"x" * 65536
    if chunked:
        block = b"10000\r\n" + block + b"\r\n"

    def behave(sock: socket.socket, stop: threading.Event) -> bool:
        sock.sendall(_head(200, {"Transfer-Encoding": "chunked"} if chunked else {"Connection": "close"}))
        while not stop.is_set():
            sock.sendall(block)
        return False

    return behave


def huge(size: int = 8 * 1024 * 1024) -> Behaviour:
    """An honest, but far too large answer."""
    return answer(200, b"x" * size)


def gzip_bomb(size: int = 256 * 1024 * 1024) -> Behaviour:
    """Gzip that nobody asked for: `size` zero bytes in a thousandth of that."""
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    block = bytes(4 * 1024 * 1024)
    packed = [packer.compress(block) for _ in range(size // len(block))]
    return answer(200, b"".join([*packed, packer.flush()]), Content_Encoding="gzip")


def garbage(data: bytes = b"\x00\xff\x10 this was never HTTP\r\n\r\n") -> Behaviour:
    """Bytes that are not HTTP."""
    return _sends(data)


def reset() -> Behaviour:
    """A TCP reset in place of an answer."""

    def behave(sock: socket.socket, stop: threading.Event) -> bool:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return behave


def hang_up() -> Behaviour:
    """An orderly close in place of an answer."""
    return _sends(b"")


def truncated() -> Behaviour:
    """Half of the body that was promised."""
    return _sends(_head(200, {"Content-Length": "1000"}) + b"x" * 500)


def redirect(location: str, status: int = 302) -> Behaviour:
    """To `location`; to the own path for an endless loop."""
    return answer(status, b"over there", Location=location)


def invalid_utf8() -> Behaviour:
    """JSON, but for one byte."""
    return answer(200, b'{"version": "\xff\xfe"}')


def deep_json(depth: int = 100_000) -> Behaviour:
    """Lists in lists in lists."""
    return answer(200, b"[" * depth + b"]" * depth)


def html(title: str = "Welcome") -> Behaviour:
    """A page, with status 200, as single-page apps and log-in walls send for every path."""
    return answer(200, f"<!DOCTYPE html><html><title>{title}</title></html>", Content_Type="text/html")


@contextlib.contextmanager
def full_backlog() -> Iterator[str]:
    """The URL of a port whose queue is full, so that connecting hangs."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = []
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
            waiting.append(sock)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for sock in waiting:
            sock.close()
