"""The dates that are taken from people and files: one year back and ten ahead.

Further off, arithmetic with time zones overflows, and what counts repetitions from a first date takes seconds.
"""

from datetime import UTC, date, datetime, timedelta

BACK = timedelta(days=366)
AHEAD = timedelta(days=3653)


def trouble_with(moment: date) -> str:
    """Why a day or a moment (aware) can't be taken, as a sentence; empty when it can."""
    now = datetime.now(UTC)
    today: date = now if isinstance(moment, datetime) else now.date()
    if moment < today - BACK:
        return "That is more than a year ago. Choose a later one."
    if moment > today + AHEAD:
        return "That is more than ten years ahead. Choose an earlier one."
    return ""


def day(on: date) -> str:
    """A day in a sentence: "22 November 2026"."""
    return f"{on.day} {on:%B %Y}"


def stamp(at: datetime) -> str:
    """A moment inside a stored or flashed sentence: "2026-11-22T14:30Z". Pages show it in the reader's time zone."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def second(at: datetime) -> str:
    """A moment in a table or an address, for programs: "2026-11-22T14:30:05Z"."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def whole_second(at: datetime) -> datetime:
    """The second, as it is shown: what lasted from 3:41:54.9 to 3:42:00.1 is shown as 6 s."""
    return at.replace(microsecond=0)


def minute(at: datetime) -> str:
    """A moment as the audit trail has it: "2026-11-22 14:30 UTC"."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
