"""What the channels raise, and what must not be in it."""

import re
from urllib.parse import unquote, urlsplit

LIKELY = 8
"""Characters from which a part of a URL is taken for a token. Words like "hooks" are worth reading in an answer."""


class NotTaken(Exception):
    """A channel did not take the message; the text says why. `final`: another try would be in vain."""

    def __init__(self, why: str, final: bool = False) -> None:
        super().__init__(why)
        self.final = final


def secrets_of(url: str) -> list[str]:
    """What may be a token in a channel's URL, as written and as meant: a server may repeat what it was asked for.

    The host of an http URL is none; with Apprise's own schemes, a token may stand in its place.
    """
    parts = urlsplit(url)
    plain = parts.scheme in ("http", "https")
    texts = [parts.username, parts.password, parts.path, parts.query, parts.fragment, "" if plain else parts.netloc]
    found = [word for text in texts for word in re.split(r"[/?&=:@,;+]", text or "") if len(word) >= LIKELY]
    return [*found, *map(unquote, found)]
