"""What a server answered, and how we read it: never trusting that it is what it should be."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import BadAnswer, Cause
from .masking import Mask

QUOTE_LENGTH = 120
MASKED = 64 * 1024
"""The bytes of a body in which a key is searched before the quote is cut out of them."""

_DECODER = json.JSONDecoder(
    parse_constant=lambda name: None,
    parse_float=lambda digits: value if math.isfinite(value := float(digits)) else None,
)
_UNSTORABLE = re.compile(
    rb"\\u(?:0000|[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|[dD][89a-fA-F][0-9a-fA-F]{2})"
)
"""What looks like the escape of a NUL, of a pair of surrogates or of a lone one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request, whatever its HTTP status."""

    status: int
    headers: Mapping[str, str]  # case-insensitive
    body: bytes  # decoded, complete
    url: str
    mask: Mask = field(default_factory=Mask, repr=False)  # keeps the API key out of messages

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 becomes U+FFFD."""
        return self.body.decode("utf-8", errors="replace")

    @property
    def quote(self) -> str:
        """The beginning of the body for a message: one line, at most 120 characters, without the API key."""
        # Masked before it is cut: half a key is a secret too.
        body = self.mask.body(self.body[:MASKED])
        return one_line(body[: 8 * QUOTE_LENGTH].decode("utf-8", errors="replace"))

    def json(self, shape: type | None = None) -> Any:
        """The body as JSON values that any database can store; `shape` is dict, list or None for "anything".

        NaN and infinities become None, lone surrogates and NUL characters U+FFFD.
        Raises BadAnswer: NOT_JSON or WRONG_SHAPE.
        """
        value = self._parse()
        if shape is not None and not isinstance(value, shape):
            found = type(value).__name__
            raise BadAnswer(Cause.WRONG_SHAPE, f"Expected a JSON {shape.__name__}, but got a {found}.")
        return value

    def _parse(self) -> Any:
        try:
            return _DECODER.decode(_UNSTORABLE.sub(_storable, self.body).decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            problem = f"byte {error.start} is not valid UTF-8"
        except json.JSONDecodeError as error:
            problem = f"{error.msg} at character {error.pos}; it begins {self.quote!r}"
        except RecursionError:
            problem = "it is nested too deeply"
        except ValueError:  # Python refuses to convert integers of more than 4,300 digits
            problem = "it has a number that is far too long"
        raise BadAnswer(Cause.NOT_JSON, f"The answer is not JSON: {problem}.")


def _storable(escape: re.Match[bytes]) -> bytes:
    """U+FFFD in place of a NUL or a lone surrogate. Done before parsing: going through all values takes far longer."""
    first = escape.start()
    while first and escape.string[first - 1 : first] == b"\\":
        first -= 1
    code, second = escape[0][:6], escape[0][6:]
    if (escape.start() - first) % 2:  # the backslash is itself escaped, so only what follows can be an escape
        return code + (rb"\ufffd" if second else b"")
    return escape[0] if second else rb"\ufffd"


def one_line(text: str) -> str:
    """`text` for a message: one line, only printable characters, at most 120 of them."""
    printable = "".join(char if char.isprintable() else "\ufffd" for char in " ".join(text.split()))
    return printable if len(printable) <= QUOTE_LENGTH else printable[: QUOTE_LENGTH - 1] + "…"
