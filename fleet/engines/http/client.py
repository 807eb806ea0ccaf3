"""The HTTP side of one probe: a few requests over one connection, within one wall-clock deadline."""

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import lru_cache
from http.client import BadStatusLine, HTTPException, IncompleteRead, RemoteDisconnected
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

from requests import RequestException
from requests.utils import requote_uri
from urllib3 import HTTPHeaderDict
from urllib3.util import parse_url

from core.http.body import read_body
from core.http.connection import Connection
from core.http.origin import origin_of
from core.http.plain import Plain
from core.http.transport import Clock, ours

from ..errors import BadAnswer, Cause, ProbeError, Rejected, Unreachable
from ..reading import Exchange
from .address import parse_base_url, split_base_url
from .answer import Answer, one_line
from .masking import Mask

__all__ = ["MIB", "Answer", "Client", "parse_base_url"]

MIB = 1024 * 1024
MAX_REDIRECTS = 3


class Client:
    """Sends the requests of one probe.

    `deadline` is in seconds of wall clock for all of them together, counted from construction.
    `api_key` is sent as a bearer key; with a `username` it is the password of basic auth.
    Raises ValueError when `base_url` is not one (see parse_base_url).
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        username: str | None = None,
        deadline: float = 5.0,
        max_bytes: int = MIB,
        verify: bool = True,
    ) -> None:
        parts = split_base_url(base_url)
        self.base_url = base_url.rstrip("/")
        self.max_bytes = max_bytes
        self.exchanges: list[Exchange] = []
        self.step = "connect"
        self._api_key, self._username = api_key or "", username or ""
        self._mask = Mask(self._api_key, self._username)
        self._origin = origin_of(parts)
        self._clock = Clock(deadline)
        self._connection = Connection(self._origin, self._clock, verify)

    @property
    def connected(self) -> bool:
        """True once a connection came about."""
        return self._clock.connected

    @property
    def over(self) -> bool:
        """True when the time of the probe is used up."""
        return self._clock.over

    def share(self) -> AbstractContextManager[None]:
        """What is asked in this block has half of the time that is left; see Clock.share."""
        return self._clock.share()

    @property
    def certificate_until(self) -> float | None:
        """Unix seconds at which the server's certificate ends; None without TLS, or where any certificate will do."""
        return self._clock.certificate_until

    def get(self, path: str, *, auth: bool = True, max_bytes: int | None = None, follow: bool = True) -> Answer:
        """GET `path` below the base URL. Any HTTP status is an Answer; trouble on the way is a ProbeError.

        Without `follow` a redirect is an answer like any other.
        """
        url = self.base_url + path
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._exchange("GET", url, None, auth, max_bytes)
            target = self._redirect_target(answer) if follow else None
            if target is None:
                return answer
            url = target
        raise BadAnswer(Cause.REDIRECTED, f"GET {path} was redirected more than {MAX_REDIRECTS} times.")

    def post(
        self,
        path: str,
        payload: dict[str, Any],
        *,
        auth: bool = True,
        max_bytes: int | None = None,
    ) -> Answer:
        """POST `payload` as JSON; like get(), but redirects are not followed."""
        answer = self._exchange("POST", self.base_url + path, json.dumps(payload).encode(), auth, max_bytes)
        if self._redirect_target(answer) is not None:
            raise BadAnswer(Cause.REDIRECTED, f"POST {path} was redirected, which is not followed.")
        return answer

    def scrub(self, text: str) -> str:
        """`text` without the API key: some servers repeat the key they refuse."""
        return self._mask.text(text)

    def close(self) -> None:
        self._connection.close()
        self._clock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _exchange(self, method: str, url: str, body: bytes | None, auth: bool, max_bytes: int | None) -> Answer:
        """One request and its whole answer; always leaves an Exchange behind."""
        clock, began, status, data = self._clock, time.monotonic(), None, bytearray()
        clock.times = {}
        error: ProbeError | None = None
        try:
            clock.phase = "waiting for the answer"
            raw = self._connection.request(method, _target(url)[0], self._headers(auth, body), body)
            clock.times["first_byte_ms"] = round((time.monotonic() - began) * 1000 - sum(clock.times.values()), 3)
            status = raw.status
            read_body(raw, clock, data, self.max_bytes if max_bytes is None else max_bytes)
            raw.close()  # the connection may be used again
            # Facts are kept as the server gives them, so a key must not be among them.
            content = bytes(data)
            headers = raw.headers if isinstance(raw, Plain) else HTTPHeaderDict(raw.headers.items())
            if self._mask.worth_it:
                content, headers = self._mask.body(content), self._mask.headers(headers)
            return Answer(status, headers, content, url, self._mask)
        except ProbeError as known:
            self._connection.close()  # the rest of the answer may still come: it is of no more use
            error = known
            raise
        except (HTTPException, OSError) as unknown:
            self._connection.close()
            error = self._lost(unknown)
            raise error from None
        finally:
            clock.times["total_ms"] = round((time.monotonic() - began) * 1000, 3)
            request = f"{method} {_target(url)[1]}"
            cause = error.cause.value if error else None
            self.exchanges.append(Exchange(self.step, request, status, len(data), error=cause, **clock.times))

    def _headers(self, auth: bool, body: bytes | None) -> dict[str, str]:
        headers = {"User-Agent": "plimsoll-probe", "Accept": "*/*", "Accept-Encoding": "identity"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if auth and (self._api_key or self._username):
            headers["Authorization"] = self._authorization()
        return headers

    def _authorization(self) -> str:
        if self._username:
            if ":" in self._username:
                raise Rejected(Cause.AUTH_REJECTED, "The stored user name has a colon, which basic auth cannot carry.")
            return f"Basic {base64.b64encode(f'{self._username}:{self._api_key}'.encode()).decode()}"
        if not re.fullmatch(r"[\x21-\x7e]+", self._api_key):
            raise Rejected(Cause.AUTH_REJECTED, "The stored API key has characters that no HTTP header can carry.")
        return f"Bearer {self._api_key}"

    def _lost(self, error: Exception) -> ProbeError:
        reasons = list(_chain(error))
        if trouble := next((found for reason in reasons if (found := ours(reason))), None):
            return trouble
        if self._clock.over or any(isinstance(reason, TimeoutError) for reason in reasons):
            return self._clock.timed_out()
        if any(_is_tls_alert(reason) for reason in reasons):
            return Unreachable(Cause.WANTS_HTTPS, "The answer is a TLS alert, not HTTP.")
        return Unreachable(Cause.CONNECTION_LOST, _lost_detail(reasons, self.scrub))

    def _redirect_target(self, answer: Answer) -> str | None:
        """Where to ask instead; None when this is no redirect. Raises BadAnswer when it leads elsewhere."""
        location = answer.headers.get("Location")
        if answer.status not in (301, 302, 303, 307, 308) or not location:
            return None
        try:
            target = urljoin(answer.url, requote_uri(location))
            parts = urlsplit(target)
            if "@" not in parts.netloc and origin_of(parts) == self._origin:
                return target.partition("#")[0]
            shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"  # a query may hold secrets
        except (ValueError, RequestException):
            shown = location
        wanted = one_line(self.scrub(shown))
        raise BadAnswer(Cause.REDIRECTED, f"The server sent us to {wanted}, which is not followed.")


@lru_cache(maxsize=4096)
def _target(url: str) -> tuple[str, str]:
    """What a request for this URL asks for, and its path without the query, which may hold secrets."""
    return parse_url(url).request_uri, urlsplit(url).path or "/"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those that libraries wrapped in it, outermost first."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        inner = next((arg for arg in reversed(seen.args) if isinstance(arg, BaseException)), None)
        seen = inner or seen.__cause__ or seen.__context__


def _is_tls_alert(reason: BaseException) -> bool:
    """What servers of TLS send to those who speak plain HTTP: https://www.rfc-editor.org/rfc/rfc8446#section-6"""
    line = str(reason.args[0]) if isinstance(reason, BadStatusLine) and reason.args else ""
    return line.strip("'").startswith(("\x15\x03", "\\x15\\x03"))


def _lost_detail(reasons: list[BaseException], scrub: Callable[[str], str]) -> str:
    for reason in reasons:
        if isinstance(reason, RemoteDisconnected):
            return "The server closed the connection without an answer."
        if isinstance(reason, BadStatusLine):
            line = scrub(str(reason.args[0] if reason.args else ""))
            return f"The answer is not HTTP; it begins {one_line(line)!r}."
        if isinstance(reason, IncompleteRead):
            return "The connection ended in the middle of the answer."
        if isinstance(reason, ConnectionResetError):
            return "The server reset the connection."
    return f"The answer broke off or is not HTTP ({type(reasons[-1]).__name__})."
