"""What a browser says about itself, and where it is."""

import re

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

UNKNOWN = "unknown program"

# The first that fits counts: most browsers call themselves by the names of others as well.
_BROWSERS = {
    r"Edg(e|A|iOS)?/": "Edge",
    r"OPR/|Opera": "Opera",
    r"SamsungBrowser/": "Samsung Internet",
    r"Firefox/|FxiOS/": "Firefox",
    r"Chrome/|Chromium/|CriOS/": "Chrome",
    r"Version/\S+ (Mobile/\S+ )?Safari/": "Safari",
}
_SYSTEMS = {
    r"Android": "Android",
    r"iPhone": "iPhone",
    r"iPad": "iPad",
    r"Windows": "Windows",
    r"Mac OS X|Macintosh": "macOS",
    r"CrOS": "ChromeOS",
    r"Linux": "Linux",
}


def browser(user_agent: str) -> str:
    """The program and its system, as in "Firefox on Linux", from a User-Agent header; "unknown program" otherwise."""
    program, system = _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)
    if not program:
        return UNKNOWN
    return f"{program} on {system}" if system else program


def _first(names: dict[str, str], user_agent: str) -> str:
    return next((name for pattern, name in names.items() if re.search(pattern, user_agent)), "")


def address(request: HttpRequest | None) -> str | None:
    """The address that a request came from; None where it is not known, as for a command or a Unix socket."""
    if request is None:
        return None
    try:
        return get_adapter().get_client_ip(request)
    except PermissionDenied:
        return None
