"""Answers that are counted as they come off the wire.

Limits on what a body decodes to don't end an answer of interim responses, headers, chunk extensions or trailers without
end, nor one that comes byte by byte. Each of those keeps a processor busy and brings nothing.
"""

import io
import socket
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse, IncompleteRead, UnknownProtocol
from typing import Any

from .errors import Cause, TooCostly
from .headers import read_headers

KIB = 1024
OVERHEAD = 64 * KIB
"""Bytes of one answer that are no body: status lines, headers, chunk sizes, trailers, and what is read ahead."""

SMALL, SMALL_PIECES = 256, 8192
"""A piece below so many bytes is small, and so many of them is one answer."""


class Metered(HTTPResponse):
    """http.client's response with these limits. The body is to be read by `read1`.

    `begun` are its first bytes, where they were read already. Beyond a limit the read in progress raises TooCostly.
    """

    # Of http.client's response, left out of its types.
    _method: str | None
    _read_status: Callable[[], tuple[str, int, str]]
    _check_close: Callable[[], bool]

    def __init__(self, sock: socket.socket, *args: Any, begun: bytes = b"", **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._wire = _Wire(self.fp.detach(), begun)
        self.fp = io.BufferedReader(self._wire)

    def begin(self) -> None:
        """As http.client's, which takes a length that is none for a body that ends with the connection.

        Raises HTTPException for such a length.
        """
        while (found := self._read_status())[1] == 100:
            read_headers(self.fp)
        version, self.status, reason = found
        if version != "HTTP/0.9" and not version.startswith("HTTP/1."):
            raise UnknownProtocol(version)
        self.version = 10 if version in ("HTTP/0.9", "HTTP/1.0") else 11
        self.code, self.reason = self.status, reason.strip()
        self.headers = self.msg = read_headers(self.fp)
        self.chunked, self.chunk_left = self.headers.get("Transfer-Encoding", "").lower() == "chunked", None
        lengths = {part.strip() for line in self.headers.get_all("Content-Length", ()) for part in line.split(",")}
        if len(lengths) > 1 or not all(part.isdecimal() and len(part) < 20 for part in lengths):
            raise HTTPException(f"Content-Length: {', '.join(sorted(lengths))[:40]}")
        self.length = int(lengths.pop()) if lengths and not self.chunked else None
        if self.status < 200 or self.status in (204, 304) or self._method == "HEAD":
            self.length = 0
        self.will_close = self._check_close() or (self.length is None and not self.chunked)

    def read1(self, n: int = -1, *, decode_content: bool = False) -> bytes:
        """As urllib3's answers have it; nothing is decoded. Raises IncompleteRead for a body that breaks off."""
        piece = super().read1(n)
        if not piece and n and self.length:
            raise IncompleteRead(b"", self.length)
        self._wire.delivered(len(piece))
        return piece


class _Wire(io.RawIOBase):
    """What comes from the socket."""

    def __init__(self, raw: io.RawIOBase, begun: bytes) -> None:
        self._raw = raw
        self._begun = io.BytesIO(begun)
        self._overhead = self._small = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count = self._begun.readinto(buffer) or self._raw.readinto(buffer)
        if count:
            self._overhead += count
            if self._overhead > OVERHEAD:
                why = f"There are more than {OVERHEAD // KIB} KiB of headers and the like around the answer's body"
                raise TooCostly(Cause.TOO_LARGE, f"{why}; we stopped reading.")
            self._count_piece(count)
        return count

    def delivered(self, count: int) -> None:
        """So many of the bytes were body: only the others are overhead, and a 32nd more for the sizes of its chunks."""
        self._overhead -= count + count // 32
        self._count_piece(count)

    def _count_piece(self, count: int) -> None:
        self._small += count < SMALL
        if self._small > SMALL_PIECES:
            raise TooCostly(Cause.TOO_LARGE, "The answer comes in too many small pieces; we stopped reading.")

    def close(self) -> None:
        super().close()
        self._raw.close()
