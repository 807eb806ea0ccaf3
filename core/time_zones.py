"""Time zones by their names, and the moments that their clocks show. No Django."""

from datetime import UTC, datetime, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_TECHNICAL = ("Etc/", "SystemV/", "US/", "posix/", "right/")


@cache
def known() -> frozenset[str]:
    """All names of zones. Kept, because finding them opens hundreds of files (25 ms)."""
    return frozenset(available_timezones() - {"Factory", "localtime"})  # of Debian's: no zone, and the machine's own


def places(*others: str) -> list[str]:
    """The zones that people live in, UTC and the `others`, sorted; the rest are old names and technical ones."""
    found = {name for name in known() if "/" in name and not name.startswith(_TECHNICAL)}
    return sorted(found | {"UTC", *others})


def named(name: str) -> tzinfo:
    """The zone of this name; UTC for a stored name that this machine does not know, or no longer."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return UTC


def lost(name: str) -> str:
    """A sentence about a stored name that is not known, for the page where it can be changed; empty for others."""
    if name in known():
        return ""
    return f"The time zone “{name}” is not known on this machine, so UTC is used."


def moment(wall: datetime, zone: tzinfo, after: datetime | None = None) -> datetime:
    """When the clock of the zone shows `wall` (naive), as an aware time of that zone.

    In an hour that comes twice it is the first time, unless only the second is later than `after` (aware). A time that
    the clock leaves out is counted from before the change: 02:30 comes when the clock shows 03:30.
    """
    first, second = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    # Two times of one zone are compared by their clocks, so these are compared as seconds.
    past = after is not None and first.timestamp() <= after.timestamp() < second.timestamp()
    return second if past else first
