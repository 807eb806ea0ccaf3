"""HTTP with the provider: one address at a time, 5 seconds, and nothing but a JSON object counts as success."""

import io
import time
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from config import certificates

SECONDS = 5
LARGEST = 1_000_000
"""Bytes of an answer. Descriptions and tokens have a few thousand."""


class Unusable(requests.RequestException):
    """The provider answered, but not as it should; the text has nothing of the answer."""


class ProviderHttp(requests.Session):
    """Raises only requests.RequestException."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # a .netrc would replace the token, REQUESTS_CA_BUNDLE the authorities
        try:
            self.verify = certificates.for_requests()
        except OSError as error:
            raise Unusable("CA_BUNDLE can't be read.") from error

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        """The answer, read to its end. `options` are those of requests."""
        ends = time.monotonic() + SECONDS
        options |= {"timeout": SECONDS, "allow_redirects": False, "stream": True}
        with super().request(method, url, **options) as answer:
            if answer.is_redirect:
                raise Unusable("It sends us to another address.")
            body = _read(answer, ends)
        kept = requests.Response()
        kept.status_code, kept.url, kept.reason = answer.status_code, answer.url, answer.reason
        kept.raw = io.BytesIO(body)
        if answer.ok:
            _check_object(kept)
            # allauth would read JSON of any other type as a form.
            kept.headers["content-type"] = "application/json"
        return kept


def _read(answer: requests.Response, ends: float) -> bytes:
    """The body. A timeout of requests is for each read, so a slow answer could go on for ever."""
    body = b""
    try:
        while piece := answer.raw.read1(65_536, decode_content=True):
            body += piece
            if len(body) > LARGEST:
                raise Unusable("Its answer is too large.")
            if time.monotonic() > ends:
                raise requests.Timeout("Its answer takes too long.")
    except HTTPError as error:
        raise requests.ConnectionError("Its answer broke off.") from error
    return body


def _check_object(answer: requests.Response) -> None:
    try:
        found = answer.json()
    except (ValueError, RecursionError) as error:
        raise Unusable("Its answer is no JSON.") from error
    if not isinstance(found, dict):
        raise Unusable("Its answer is no JSON object.")
