"""Reading a body within a limit."""

import zlib
from collections.abc import Callable
from typing import Any

from .errors import BadAnswer, Cause
from .transport import Clock

READ_SIZE = 32 * 1024


def read_body(raw: Any, clock: Clock, data: bytearray, limit: int) -> None:
    """Fill `data` with the decoded body of urllib3's `raw`.

    Never beyond `limit` + 1 bytes. No more are taken off the wire either: what decodes to nothing is work, too.
    Raises BadAnswer, TooCostly, TimedOut and what urllib3 raises; then the connection is closed.
    """
    clock.phase, taken = "reading the body", 0
    try:
        decode = _decoder(raw.headers.get("Content-Encoding", ""))
        while chunk := raw.read1(READ_SIZE, decode_content=False):
            taken += len(chunk)
            data += decode(chunk, limit + 1 - len(data))
            if max(taken, len(data)) > limit:
                raise BadAnswer(Cause.TOO_LARGE, f"The answer is larger than {limit:,} bytes; we stopped reading.")
        clock.left()  # a connection that the watchdog shut down looks like the end of a body
    except BaseException:
        raw.close()  # the rest of the body is still to come: this connection is of no more use
        raise


def _decoder(encoding: str) -> Callable[[bytes, int], bytes]:
    """A function (chunk, at most so many bytes) -> decoded bytes. Some send gzip though we ask for none."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return lambda chunk, room: chunk[:room]
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise BadAnswer(Cause.WRONG_SHAPE, f"The answer is encoded as {encoding[:40]!r}, though we asked for none.")
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # 32: gzip or zlib, whichever it is

    def inflate(chunk: bytes, room: int) -> bytes:
        try:
            # zlib would keep what follows the end, and copy it with each piece that is added.
            return b"" if inflater.eof else inflater.decompress(chunk, room)
        except zlib.error:
            raise BadAnswer(Cause.WRONG_SHAPE, f"The answer is not the {encoding} that its header promises.") from None

    return inflate
