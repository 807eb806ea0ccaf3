"""EMAIL_URL. What is not understood is refused: a password that was to be encrypted might go out in clear."""

import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .parsers import SWITCH

WANTED = "give smtp://user:password@host:25, smtp+tls://...:587 (STARTTLS) or smtp+ssl://...:465"

ENCRYPTION = {"smtp": "", "smtp+tls": "tls", "smtp+ssl": "ssl", "smtps": "ssl"}
"""Schemes; "tls" is STARTTLS, "ssl" TLS from the start, as Django's settings call them."""

PORTS = {"": 25, "tls": 587, "ssl": 465}


def email_url(text: str) -> dict[str, Any]:
    """Django's mail settings of an SMTP URL."""
    try:
        parts = urlsplit(text)
        port = parts.port
        user, password = (unquote(part or "", errors="strict") for part in (parts.username, parts.password))
    except ValueError:
        raise ValueError(WANTED) from None
    if parts.scheme not in ENCRYPTION or parts.path.strip("/") or parts.fragment or port == 0:
        raise ValueError(WANTED)
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]+", parts.hostname or ""):
        raise ValueError(WANTED)
    if bool(user) != bool(password):
        raise ValueError(f"{WANTED}; a user goes with a password, and both may be left out")
    if not (user + password).isascii() or not (user + password).isprintable():
        raise ValueError("give a user and a password of ASCII letters, digits and signs: no others can be sent")
    kind = _encryption(parts.scheme, parts.query)
    if (port == 465 and kind != "ssl") or (port == 587 and parts.scheme == "smtps"):
        raise ValueError(f"{WANTED}; port 465 is for TLS from the start, and 587 for STARTTLS")
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or PORTS[kind],
        "EMAIL_HOST_USER": user,
        "EMAIL_HOST_PASSWORD": password,
        "EMAIL_USE_TLS": kind == "tls",
        "EMAIL_USE_SSL": kind == "ssl",
    }


def _encryption(scheme: str, query: str) -> str:
    asked = [(name, value.lower()) for name, value in parse_qsl(query, keep_blank_values=True)]
    if any(name not in ("tls", "ssl") or value not in SWITCH for name, value in asked):
        raise ValueError(f"{WANTED}; behind a question mark only tls=true or ssl=true may stand")
    on = {name for name, value in asked if SWITCH[value]} | ({ENCRYPTION[scheme]} - {""})
    off = {name for name, value in asked if not SWITCH[value]}
    if len(on) > 1 or on & off:
        raise ValueError(f"{WANTED}; it asks for two ways at once")
    return "".join(on)
