"""Which server a URL is for."""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit


class Origin(NamedTuple):
    """Two URLs with the same origin are for the same server."""

    scheme: str  # in small letters, as is the host
    host: str  # "" where the URL names none
    port: int


@lru_cache(maxsize=4096)
def origin_of(url: str | SplitResult) -> Origin:
    """The origin of an http or https URL; a port that it leaves out is 443 or 80. Raises ValueError for a bad port."""
    parts = urlsplit(url) if isinstance(url, str) else url
    return Origin(parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
