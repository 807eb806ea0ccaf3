"""What a site in production must not have. A site is in production when its SITE_URL begins with https."""

import re
from collections.abc import Mapping
from typing import Any

LONG_KEY = 50
"""Characters of a SECRET_KEY that Django's own `check --deploy` is content with."""

_EXAMPLE = re.compile(
    r"django-insecure|change.?(me|this|it)|your.?(secret|key)|replace.?(me|this)|example|password", re.I
)


def is_production(site_url: str | None) -> bool:
    """Whether browsers reach the site by TLS."""
    return (site_url or "").startswith("https://")


def problems(values: Mapping[str, Any]) -> list[str]:
    """One sentence for each setting that is fine on one's own machine, but not in production."""
    if not is_production(values.get("SITE_URL")):
        return []
    found = []
    if values.get("DEBUG"):
        found.append("DEBUG is on, but SITE_URL is https and error pages would show secrets: give DEBUG=off.")
    if (key := values.get("SECRET_KEY")) and _guessable(key):
        found.append(
            "SECRET_KEY is short or taken from an example, but SITE_URL is https: "
            f"give at least {LONG_KEY} random characters, or leave it empty to have one made."
        )
    if "*" in (values.get("ALLOWED_HOSTS") or ()):
        found.append(
            "ALLOWED_HOSTS has *, but SITE_URL is https and links in mails could be forged: "
            "give the host names of the site."
        )
    return found


def _guessable(key: str) -> bool:
    return len(key) < LONG_KEY or len(set(key)) < 10 or bool(_EXAMPLE.search(key))
