"""Keeps the secrets of the settings out of logs and messages."""

import base64
import logging
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf import settings

MASK = "***"
SHORTEST = 4
"""Characters. What is shorter occurs everywhere by chance, so that hiding it would reveal more than it hides."""


def redact(text: str) -> str:
    """`text` without the secrets of this process's settings, as they are and as URLs and SMTP carry them."""
    return without(text, _of_settings())


def without(text: str, secrets: Iterable[str]) -> str:
    """`text` with each of these secrets masked; the longest first, as one may be part of another."""
    for secret in sorted({secret for secret in secrets if len(secret) >= SHORTEST}, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def _of_settings() -> list[str]:
    """Looked up each time: tests and `manage.py` may change settings. None is long, so this is cheap."""
    user, password = settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD
    found = [settings.SECRET_KEY, *settings.FIELD_KEYS, password, settings.HEARTBEAT_URL]
    if password:  # SMTP's AUTH PLAIN and LOGIN
        found += [_base64(f"\0{user}\0{password}"), _base64(password)]
    found += [str(database.get("PASSWORD") or "") for database in settings.DATABASES.values()]
    found += _of_url(settings.REDIS_URL)
    found += [app["secret"] for provider in settings.SOCIALACCOUNT_PROVIDERS.values() for app in provider["APPS"]]
    return found


def _of_url(url: str) -> list[str]:
    """The password in a URL, or in its query, as written and as meant."""
    parts = urlsplit(url)
    asked = [value for name, value in parse_qsl(parts.query) if name == "password"]
    written = parts.password or ""
    return [written, unquote(written), *asked]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode().rstrip("=")


LONGEST_LINE = 1000
"""Characters. Strangers choose paths and headers that are written, and each may have 64 KiB."""


class Formatter(logging.Formatter):
    """Formats a log line with its traceback, masks the secrets of the settings in all of it, and cuts long lines."""

    def format(self, record: logging.LogRecord) -> str:
        lines = redact(super().format(record)).split("\n")
        return "\n".join(line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…" for line in lines)
