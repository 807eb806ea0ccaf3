"""Masking secrets in what a server sends back, however it spells them."""

import base64
import html
import re
from bisect import bisect_right
from collections.abc import MutableMapping

from ..errors import Cause, TooCostly

MASK = b"***"

REAL_KEY, REAL_PASSWORD = 12, 8
"""Characters from which a key is none of the usual placeholders, such as "ollama", which are part of other words."""

MOST_ESCAPES = 200_000
"""In one answer; each costs about a microsecond. Lists of models and chat templates have a few thousand."""

_ESCAPE = re.compile(
    rb"\\+u[dD][89abAB][0-9a-fA-F]{2}\\+u[dD][c-fC-F][0-9a-fA-F]{2}|\\+u[0-9a-fA-F]{4}|\\+x[0-9a-fA-F]{2}|\\+[\"'/]|\\\\"
    rb"|%(?:25)*[0-9a-fA-F]{2}|&(?:amp;)*(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});"
)
"""One character, or one byte, as JSON, a URL or HTML has it; also when it was escaped twice."""


class Mask:
    """Masks one API key, or the password of a user name, and what header values are made of it."""

    def __init__(self, api_key: str = "", username: str = "") -> None:
        self.worth_it = len(api_key) >= (REAL_PASSWORD if username else REAL_KEY)
        """Whether it may be masked in facts too; a placeholder may not."""
        as_latin1 = api_key.encode(errors="replace").decode("latin-1")
        plain = {text.encode(errors="replace") for text in (api_key, api_key.replace(" ", "+"), as_latin1)}
        encoded = _in_base64(api_key) | (_in_base64(f"{username}:{api_key}") if username else set())
        self._secrets = sorted(filter(None, plain | encoded), key=len, reverse=True)

    def body(self, body: bytes) -> bytes:
        """`body` with *** in place of the secret: as it is, in base64, or escaped as in JSON, URLs or HTML."""
        for secret in self._secrets:
            body = body.replace(secret, MASK)
        if self._secrets and any(sign in body for sign in (b"\\", b"%", b"&")):
            # Through the body once: it may be as large and as odd as a server likes.
            plain, at, origin = _unescaped(body)
            pieces, done = [], 0
            for found in re.finditer(b"|".join(map(re.escape, self._secrets)), plain):
                begin, end = _origin(found.start(), at, origin), _origin(found.end(), at, origin)
                pieces += [body[done:begin], MASK]
                done = end
            body = b"".join([*pieces, body[done:]])
        return body

    def text(self, text: str) -> str:
        return self.body(text.encode(errors="surrogatepass")).decode(errors="surrogatepass")

    def headers(self, headers: MutableMapping[str, str]) -> MutableMapping[str, str]:
        """The same headers, masked; but for where a redirect leads, which has to stay usable."""
        for name, value in list(headers.items()):
            if name.lower() != "location" and (masked := self.text(value)) != value:
                headers[name] = masked
        return headers


def _unescaped(body: bytes) -> tuple[bytes, list[int], list[int]]:
    """`body` without escapes, and where in it (first list) which places of `body` are (second list)."""
    pieces, at, origin, done, length = [], [0], [0], 0, 0
    for escape in _ESCAPE.finditer(body):
        if len(at) > 2 * MOST_ESCAPES:
            raise TooCostly(Cause.TOO_LARGE, f"The answer has more than {MOST_ESCAPES:,} escaped characters.")
        char = _meant(escape[0])
        pieces += [body[done : escape.start()], char]
        length += escape.start() - done
        at += [length, length + len(char)]
        origin += [escape.start(), escape.end()]
        length, done = length + len(char), escape.end()
    return b"".join([*pieces, body[done:]]), at, origin


def _origin(place: int, at: list[int], origin: list[int]) -> int:
    known = bisect_right(at, place) - 1
    return origin[known] + place - at[known]


def _meant(escape: bytes) -> bytes:
    if escape.startswith(b"%") or (escape[-3:-2] == b"x" and escape.startswith(b"\\")):
        return bytes.fromhex(escape[-2:].decode())
    if escape.startswith(b"&"):
        return html.unescape("&" + escape.decode().rpartition("amp;")[2].lstrip("&")).encode(errors="replace")
    codes = re.findall(rb"u([0-9a-fA-F]{4})", escape)
    units = b"".join(bytes.fromhex(code.decode()) for code in codes)
    return units.decode("utf-16-be", errors="replace").encode() if codes else escape[-1:]


def _in_base64(text: str) -> set[bytes]:
    """In both alphabets: whole, without padding, and without the end, which depends on what follows."""
    data = text.encode(errors="replace")
    found = {base64.b64encode(data), base64.urlsafe_b64encode(data)} if len(data) >= 6 else set()
    return {part for whole in found for part in (whole, whole.rstrip(b"="), whole[: len(data) * 8 // 6])}
