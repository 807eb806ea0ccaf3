"""The banner that says which part of Plimsoll itself is not doing its work."""

import hashlib
from typing import Any

from django import template

from config.health import Trouble, glance

register = template.Library()


def banner(troubles: list[Trouble]) -> dict[str, Any]:
    """What templates/_banner.html shows; `seen` is the same for as long as it would show the same."""
    shown = "".join(f"{trouble.text}{trouble.since}" for trouble in troubles)
    return {"troubles": troubles, "seen": hashlib.blake2b(shown.encode(), digest_size=6).hexdigest()}


@register.inclusion_tag("_banner.html")
def health_banner() -> dict[str, Any]:
    """The banner as it is now; its element is there even when there is nothing to say, and asks again by itself."""
    return banner(glance.troubles())
