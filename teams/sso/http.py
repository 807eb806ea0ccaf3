"""HTTP with the provider: by the outbound rules, 5 seconds a call, and only a JSON object counts as success."""

import io
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from core.http.adapter import GuardedAdapter, one_call
from core.http.body import read_body
from core.http.errors import Cause, ProbeError, TimedOut

SECONDS = 5
"""Wall clock of one call, from the look-up of the name to the end of the body."""

LARGEST = 1_000_000
"""Bytes of an answer. Descriptions and tokens have a few thousand."""


class Unusable(requests.RequestException):
    """The provider answered, but not as it should; the text has nothing of the answer."""


class Forbidden(requests.RequestException):
    """The outbound rules of this installation refuse the address; the text names the rule."""


class ProviderHttp(requests.Session):
    """Raises only requests.RequestException."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # a .netrc would replace the token
        self.headers["Accept-Encoding"] = "identity"

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        """The answer, read to its end. `options` are those of requests.Request. Redirects are not followed."""
        options.pop("allow_redirects", None)  # Session.get adds it
        request = self.prepare_request(requests.Request(method, url, **options))
        body = bytearray()
        try:
            with (
                one_call(SECONDS) as clock,
                closing(GuardedAdapter(urlsplit(request.url or ""), clock)) as adapter,
                closing(adapter.send(request, stream=True, timeout=clock.left())) as answer,
            ):
                if answer.is_redirect:
                    raise Unusable("It sends us to another address.")
                read_body(answer.raw, clock, body, LARGEST)
        except (ProbeError, HTTPError, OSError) as error:  # requests' own errors are OSErrors
            raise _as_requests(error) from None
        kept = requests.Response()
        kept.status_code, kept.url, kept.reason = answer.status_code, answer.url, answer.reason
        kept.raw = io.BytesIO(body)
        if answer.ok:
            try:
                found = kept.json()
            except (ValueError, RecursionError) as error:
                raise Unusable("Its answer is no JSON.") from error
            if not isinstance(found, dict):
                raise Unusable("Its answer is no JSON object.")
            # allauth would read JSON of any other type as a form.
            kept.headers["content-type"] = "application/json"
        return kept


def _as_requests(error: Exception) -> requests.RequestException:
    """What allauth and trouble.py know it as. Of our own errors, the text has nothing of the answer."""
    if isinstance(error, TimedOut):
        return requests.Timeout("It did not answer in time.")
    if isinstance(error, ProbeError):
        kinds = {
            Cause.TLS_FAILED: requests.exceptions.SSLError,
            Cause.ADDRESS_REFUSED: Forbidden,
            Cause.TOO_LARGE: Unusable,
            Cause.WRONG_SHAPE: Unusable,
        }
        return kinds.get(error.cause, requests.ConnectionError)(error.detail)
    return error if isinstance(error, requests.RequestException) else requests.ConnectionError("Its answer broke off.")
