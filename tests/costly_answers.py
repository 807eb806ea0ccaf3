"""Answers that never end and bring little, for HostileServer.on(): much work for whoever reads on."""

import itertools
import socket
import threading
import zlib

from tests.hostile_server import Behaviour

_OK = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n"
_GZIP = _OK + b"Content-Encoding: gzip\r\n\r\n"
_NO_BLOCK = b"\x00\x00\x00\xff\xff"  # deflate: a block of no bytes
_NO_MEMBER = zlib.compressobj(wbits=zlib.MAX_WBITS | 16).flush()  # a whole gzip file of no bytes
_LONG = b"x" * 60_000


def _endless(start: bytes, unit: bytes) -> Behaviour:
    """`start`, then `unit` over and over, as fast as it is taken. A unit below 3 bytes is a segment of its own."""
    piece = unit if len(unit) < 3 else unit * max(1, 65536 // len(unit))

    def behave(sock: socket.socket, stop: threading.Event) -> bool:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for data in itertools.chain((start,), itertools.repeat(piece)):
            if stop.is_set():
                break
            sock.sendall(data)
        return False

    return behave


IN_FRAMING = {
    "interim answers": _endless(b"", b"HTTP/1.1 100 C\r\n\r\n"),
    "interim answers with long headers": _endless(b"", b"HTTP/1.1 100 C\r\nX: " + _LONG + b"\r\n\r\n"),
    "long headers": _endless(_OK, b"X: " + _LONG + b"\r\n"),
    "long folded headers": _endless(_OK + b"X: x\r\n", b" " + _LONG + b"\r\n"),
    "chunk extensions": _endless(_CHUNKED + b"\r\n", b"1;" + _LONG + b"\r\nx\r\n"),
    "chunks of one byte with extensions": _endless(_CHUNKED + b"\r\n", b"1;a=b\r\nx\r\n"),
    "chunk sizes with leading zeros": _endless(_CHUNKED + b"\r\n", b"0" * 60_000 + b"1\r\nx\r\n"),
    "short trailers": _endless(_CHUNKED + b"\r\n0\r\n", b"a\r\n"),
    "long trailers": _endless(_CHUNKED + b"\r\n0\r\n", b"X: " + _LONG + b"\r\n"),
}
"""Name -> behaviour: nearly all of it is no body."""

IN_SMALL_CHUNKS = {
    "chunks of one byte": _endless(_CHUNKED + b"\r\n", b"1\r\nx\r\n"),
    "chunks that decode to nothing": _endless(
        _CHUNKED + b"Content-Encoding: deflate\r\n\r\n2\r\n\x78\x9c\r\n", b"5\r\n" + _NO_BLOCK + b"\r\n"
    ),
}
"""Name -> behaviour: a few bytes of the body at a time."""

IN_SMALL_SEGMENTS = {
    "head by bytes": _endless(_OK + b"X: ", b"x"),
    "body by bytes": _endless(_OK + b"\r\n", b"x"),
    "body by pairs of bytes": _endless(_OK + b"\r\n", b"xx"),
}
"""Name -> behaviour: a few bytes at a time, unless the kernel puts them together."""

DECODES_TO_NOTHING = {
    "deflate blocks of no bytes": _endless(_GZIP.replace(b"gzip", b"deflate") + b"\x78\x9c", _NO_BLOCK),
    "gzip files of no bytes": _endless(_GZIP, _NO_MEMBER),
    "data after the end of gzip": _endless(_GZIP + _NO_MEMBER, _LONG),
}
"""Name -> behaviour: a body of any size that is empty once decoded."""
