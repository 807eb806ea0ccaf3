"""Time zones by their names, and the moments that their clocks show. No Django."""

from datetime import UTC, datetime, tzinfo
from difflib import get_close_matches
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


def meant(typed: str) -> str:
    """The name of the zone that somebody means: whole ("Asia/Tokyo"), or the last part where that is of one place only
    ("tokyo", "New York"); "" where it is neither."""
    wanted = "_".join(typed.split()).lower()
    whole = [name for name in known() if name.lower() == wanted]
    last = [name for name in places() if _place(name) == wanted]
    return whole[0] if whole else last[0] if len(last) == 1 else ""


def near(typed: str) -> list[str]:
    """Up to four names that look like what was typed, the nearest first."""
    wanted = "_".join(typed.split()).lower().rpartition("/")[2]
    found = get_close_matches(wanted, {_place(name) for name in places()}, n=4, cutoff=0.7)
    return [name for place in found for name in places() if _place(name) == place][:4]


def _place(name: str) -> str:
    return name.rpartition("/")[2].lower()


def named(name: str) -> tzinfo:
    """The zone of this name; UTC for a stored name that this machine does not know, or no longer."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return UTC


def unknown(typed: str) -> str:
    """A sentence for a form about a zone that nobody knows, with those that may be meant."""
    found = " or ".join(near(typed))
    return (
        f"“{typed}” is no time zone we know. {f'Did you mean {found}?' if found else 'Choose one like Europe/Berlin.'}"
    )


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
