"""The plain answers of HTTP/1.1: headers that come in one piece, and a body of a known length.

Nearly all are such, and http.client takes four times as long for them as this. What is odd in any way is left to it
(metering.Metered).
"""

import re
import socket
import ssl
from collections.abc import MutableMapping
from http.client import IncompleteRead
from typing import Self

from requests.structures import CaseInsensitiveDict

from .headers import MOST_LINES

READ_AHEAD = 64 * 1024
"""Bytes that are read at once with the headers."""

_HEAD = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2}) [^\r\n]*\r\n((?:[!-9;-~]+:[^\r\n]*\r\n)+)\r\n")
_HEADER = re.compile(r"([^:]+):[ \t]*([^\r]*)\r\n")
_LENGTH = re.compile("[0-9]{1,19}")


class Plain:
    """Such an answer. `length` counts the bytes of the body, the first of which are `begun`."""

    def __init__(
        self, sock: socket.socket, status: int, headers: MutableMapping[str, str], length: int, begun: bytes
    ) -> None:
        self.status, self.headers = status, headers
        self.will_close = "close" in headers.get("Connection", "").lower()
        self._sock, self._left, self._begun = sock, length, begun[:length]

    @classmethod
    def read(cls, sock: socket.socket, begun: bytes) -> Self | None:
        """The answer that begins with these bytes and goes on at this blocking socket; None for one that is not plain.

        Nor is one over TLS, whose sockets can't wait for all of a piece.
        """
        head = _HEAD.match(begun)
        if head is None or head[1] in (b"204", b"304") or isinstance(sock, ssl.SSLSocket):
            return None
        pairs = _HEADER.findall(head[2].decode("latin-1"))
        headers: MutableMapping[str, str] = CaseInsensitiveDict(pairs)
        length = headers.get("Content-Length", "")
        few = len(pairs) < MOST_LINES and len(pairs) == len(headers)
        if not few or "Transfer-Encoding" in headers or not _LENGTH.fullmatch(length):
            return None
        return cls(sock, int(head[1]), headers, int(length), begun[head.end() :])

    def read1(self, size: int, *, decode_content: bool = False) -> bytes:
        """The next `size` bytes of the body, as they are on the wire; b"" at its end.

        Waits until all of them are there, so an answer that comes byte by byte is no work. Raises IncompleteRead for a
        body that breaks off, and OSError.
        """
        size = min(size, self._left)
        piece = self._begun[:size] or (self._sock.recv(size, socket.MSG_WAITALL) if size else b"")
        if size and not piece:
            raise IncompleteRead(b"", self._left)
        self._begun = self._begun[size:]
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        """There is nothing to close but the connection."""
