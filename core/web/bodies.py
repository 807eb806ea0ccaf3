"""Limits on what browsers send: forms only, no files, and refused before anything is stored.

Django's ASGI handler writes the whole body of a request to a temporary file before any view or middleware is asked,
so its size has to be checked here. Files inside a form are refused when Django meets the first of them.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler

from .headers import PERMISSIONS_POLICY

LARGEST = 1536 * 1024
"""Bytes of a body. The longest decision, in Chinese and percent-encoded, has 1.1 MB."""

_HEADERS = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"connection", b"close"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", PERMISSIONS_POLICY.encode()),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]
"""Of a refusal: no middleware sees it, so it brings the headers of our pages along."""

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class RefuseFiles(FileUploadHandler):
    """Nothing here takes files: a form with one is answered with 400."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise SuspiciousOperation("This site takes no files.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Never reached: `new_file` has refused."""

    def file_complete(self, file_size: int) -> None:
        """Never reached either."""


def limit_bodies(application: Application) -> Application:
    """The ASGI application, for bodies that declare their length and are not larger than LARGEST."""

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        refusal = _refusal(dict(scope["headers"])) if scope["type"] == "http" else None
        if refusal is None:
            await application(scope, receive, send)
            return
        status, sentence = refusal
        await send({"type": "http.response.start", "status": status, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": sentence.encode()})

    return limited


def _refusal(headers: dict[bytes, bytes]) -> tuple[int, str] | None:
    """Status and sentence for a body that is not read; the server has checked that the length is a number."""
    if b"transfer-encoding" in headers:
        return 411, "Say how long the body is: send Content-Length instead of Transfer-Encoding.\n"
    if int(headers.get(b"content-length", b"0")) > LARGEST:
        return 413, f"This is too large: at most {LARGEST // 1024} KiB are taken.\n"
    return None
