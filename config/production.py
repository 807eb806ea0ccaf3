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
    if (key := values.get("SECRET_KEY")) and guessable(key):
        found.append(
            "SECRET_KEY is short or taken from an example, but SITE_URL is https: "
            f"give at least {LONG_KEY} random characters, or leave it empty to have one made."
        )
    if any(map(from_example, values.get("FIELD_KEYS") or ())):
        found.append(
            "FIELD_KEYS has a key that can be guessed or is from an example, but SITE_URL is https: give random "
            "characters, put first, and rotate to them as docs/operating.md says."
        )
    if "*" in (values.get("ALLOWED_HOSTS") or ()):
        found.append(
            "ALLOWED_HOSTS has *, but SITE_URL is https and links in mails could be forged: "
            "give the host names of the site."
        )
    return found


def guessable(key: str) -> bool:
    """Whether it is no SECRET_KEY for a site that others reach."""
    return len(key) < LONG_KEY or from_example(key)


def from_example(key: str) -> bool:
    """Whether anybody could come to the same key: from an example, or the same few characters again and again."""
    return len(set(key)) < 10 or bool(_EXAMPLE.search(key))
