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
