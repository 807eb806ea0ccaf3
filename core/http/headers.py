"""The headers of an answer, read as http.client reads them.

It has them parsed as an e-mail, which took half of the time for a small answer.
"""

import io
import re
from http.client import HTTPException, HTTPMessage, parse_headers

MOST_LINES = 100
"""With the empty one that ends them, as in http.client."""

_PLAIN = re.compile(r"([!-9;-~]+):[ \t]*([^\r\n]*)\r?\n")


def read_headers(stream: io.BufferedIOBase) -> HTTPMessage:
    """What is not plain, such as a folded line, is left to http.client. The stream limits how long a line may be.

    Raises HTTPException for too many lines.
    """
    lines: list[bytes] = []
    while not lines or lines[-1] not in (b"\r\n", b"\n", b""):
        lines.append(stream.readline())
        if len(lines) > MOST_LINES:
            raise HTTPException(f"got more than {MOST_LINES} headers")
    message = HTTPMessage()
    for line in lines[:-1]:
        plain = _PLAIN.fullmatch(line.decode("latin-1"))
        if plain is None:
            return parse_headers(io.BytesIO(b"".join(lines)))
        message.set_raw(*plain.groups())
    return message
