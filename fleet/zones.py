"""The time zones that can be chosen."""

from functools import cache
from zoneinfo import available_timezones

from django.conf import settings

_TECHNICAL = ("Etc/", "SystemV/", "US/", "posix/", "right/")


@cache
def known() -> frozenset[str]:
    """All names. Kept, because finding them opens hundreds of files (25 ms)."""
    return frozenset(available_timezones())


def places() -> list[str]:
    """The zones that people live in, sorted; the others are old names and technical ones."""
    found = {name for name in known() if "/" in name and not name.startswith(_TECHNICAL)}
    return sorted(found | {"UTC", settings.TIME_ZONE})
