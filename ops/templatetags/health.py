"""The banner that names the parts of Plimsoll that are not doing their work, and messages that do not arrive."""

import hashlib
from typing import Any

from django import template
from django.contrib.auth.models import User

from core.health import glance
from fleet.queries import own_trouble, undelivered

register = template.Library()


def banner(user: User) -> dict[str, Any]:
    """What templates/_banner.html shows this person; `seen` is the same for as long as it would show the same."""
    troubles = [*glance.troubles(), *undelivered.troubles(user)]
    waits = own_trouble.waits_for(user)
    shown = "".join(f"{trouble.text}{trouble.since}" for trouble in troubles) + str(waits)
    seen = hashlib.blake2b(shown.encode(), digest_size=6).hexdigest()
    return {"troubles": troubles, "waits": waits, "seen": seen}


@register.inclusion_tag("_banner.html", takes_context=True)
def health_banner(context: dict[str, Any]) -> dict[str, Any]:
    """The banner as it is now; its element is there even when there is nothing to say, and asks again by itself."""
    return banner(context["user"])
