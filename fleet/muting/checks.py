"""What is checked of maintenance before it is planned."""

from datetime import UTC, datetime, timedelta

from core import dates, time_zones

from ..models import MaintenanceWindow
from . import windows
from .limits import WINDOW_MAX


def wrong(window: MaintenanceWindow, ends_at: datetime) -> dict[str, str]:
    """A sentence for the first field of a planned window that can't be taken; empty when all can."""
    if not window.name or len(window.name) > 80:
        return {"name": "Give it a name of at most 80 characters, such as “Driver update”."}
    if trouble := dates.trouble_with(window.starts_at):
        return {"starts_at": trouble}
    if trouble := dates.trouble_with(ends_at):
        return {"ends_at": trouble}
    if window.minutes <= 0 and ends_at.replace(tzinfo=None) > window.starts_at.replace(tzinfo=None):
        return {"starts_at": "The clock is put forward just then, and leaves nothing of this time. Choose another one."}
    if window.minutes < 0:
        return {"ends_at": "It ends before it starts. Choose a later end."}
    if window.minutes == 0:
        return {"ends_at": "It has to last a minute at least."}
    if window.repeats not in MaintenanceWindow.Repeats.values:
        return {"repeats": "Choose one of the listed ways to repeat."}
    longest = windows.PERIODS.get(window.repeats, WINDOW_MAX)
    if timedelta(minutes=window.minutes) > longest:
        what = "before it comes round again" if window.repeats != "once" else "and no longer"
        return {"ends_at": f"It has to be over within {longest.days} day{'s' * (longest.days > 1)}, {what}."}
    if window.repeats == "once" and ends_at <= datetime.now(UTC):
        return {"ends_at": "That time is over already. Choose a later one."}
    if window.time_zone not in time_zones.known():
        return {"time_zone": f"“{window.time_zone}” is no time zone we know."}
    starts_on = window.starts_at.astimezone(time_zones.named(window.time_zone)).date()
    if window.last_day and window.repeats != "once" and window.last_day < starts_on:
        return {"last_day": "The last day is before the first one. Choose a later day, or leave it empty."}
    if window.last_day and (trouble := dates.trouble_with(window.last_day)):
        return {"last_day": trouble}
    return {}
