"""Whether a team may have more silences or windows. Asked in the transaction that stores them, which holds the team."""

from datetime import UTC, datetime, timedelta

from django.core.exceptions import ValidationError

from teams import quotas
from teams.models import Team

from ..models import MaintenanceWindow, Silence

WINDOW_MAX = timedelta(days=30)


def demand_for_silences(team: Team, more: int) -> None:
    """Raises ValidationError when more than SILENCES_PER_TEAM would be in force."""
    there = Silence.objects.filter(team=team, ends_at__gt=datetime.now(UTC)).count()
    if why := quotas.full("SILENCES_PER_TEAM", there + more - 1, f"silences of {team} in force", "End one first."):
        raise ValidationError({"target": why})


def demand_for_windows(team: Team, more: int) -> None:
    """Raises ValidationError when more than WINDOWS_PER_TEAM would be on or to come (again)."""
    there = _not_over(team) + more - 1
    if why := quotas.full("WINDOWS_PER_TEAM", there, f"windows of {team} that are not over", "Remove one."):
        raise ValidationError({"target": why})


def _not_over(team: Team) -> int:
    now, once = datetime.now(UTC), MaintenanceWindow.Repeats.ONCE
    rows = MaintenanceWindow.objects.filter(team=team)
    again = rows.exclude(repeats=once).exclude(last_day__lt=(now - timedelta(days=1)).date()).count()
    lately = rows.filter(repeats=once, starts_at__gt=now - WINDOW_MAX).values_list("starts_at", "minutes")
    # Only what has begun needs its end worked out: far ahead the sum may be no date any more.
    return again + sum(at > now or at + timedelta(minutes=minutes) > now for at, minutes in lately)
