"""Whether a team may have one more silence or window. Asked inside the transaction that stores it."""

from datetime import UTC, datetime, timedelta

from django.core.exceptions import ValidationError

from teams import quotas
from teams.models import Team

from ..models import MaintenanceWindow, Silence

WINDOW_MAX = timedelta(days=30)


def demand_for_silence(team: Team) -> None:
    """Raises ValidationError when SILENCES_PER_TEAM are in force."""
    quotas.hold(team)
    there = Silence.objects.filter(team=team, ends_at__gt=datetime.now(UTC)).count()
    if why := quotas.full("SILENCES_PER_TEAM", there, f"silences of {team} in force", "End one first."):
        raise ValidationError({"target": why})


def demand_for_window(team: Team) -> None:
    """Raises ValidationError when WINDOWS_PER_TEAM are on or to come (again)."""
    quotas.hold(team)
    if why := quotas.full("WINDOWS_PER_TEAM", _not_over(team), f"windows of {team} that are not over", "Remove one."):
        raise ValidationError({"target": why})


def _not_over(team: Team) -> int:
    now, once = datetime.now(UTC), MaintenanceWindow.Repeats.ONCE
    rows = MaintenanceWindow.objects.filter(team=team)
    again = rows.exclude(repeats=once).exclude(last_day__lt=(now - timedelta(days=1)).date()).count()
    lately = rows.filter(repeats=once, starts_at__gt=now - WINDOW_MAX).values_list("starts_at", "minutes")
    # Only what has begun needs its end worked out: far ahead the sum may be no date any more.
    return again + sum(at > now or at + timedelta(minutes=minutes) > now for at, minutes in lately)
