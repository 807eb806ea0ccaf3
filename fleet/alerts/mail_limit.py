"""MAILS_PER_HOUR: what a team's alerts would send beyond it waits, and then goes into one mail per recipient."""

from collections import Counter
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Q

from ..models import Alert, Channel, Message

AN_HOUR = timedelta(hours=1)
"""What counts, and how long an alert waits at most."""


class MailLimit:
    """What the teams have left of this hour. Counted are mails that were sent, and those that wait to be."""

    def __init__(self, now: datetime) -> None:
        self._hour = now - AN_HOUR, now  # an alert from ahead of it waits no longer: the clock was set back
        mails = Message.objects.filter(channel=Channel.MAIL, team__isnull=False).order_by()
        self._taken: Counter[int] = Counter()
        for rows in (mails.filter(state=Message.State.WAITING), mails.filter(sent_at__gt=self._hour[0])):
            self._taken.update(dict(rows.values_list("team").annotate(Count("pk"))))  # one index for each

    def waiting(self) -> Q:
        """The alerts that need not be considered yet: held back, and their team has nothing left."""
        full = [team for team, taken in self._taken.items() if taken >= settings.MAILS_PER_HOUR]
        held = Alert.objects.filter(team__in=full, message=None, dropped="", over_limit=True)
        overdue = held.exclude(self._young()).values_list("team", flat=True)
        return Q(over_limit=True, team__in=set(full) - set(overdue))

    def allows(self, alerts: list[Alert]) -> bool:
        """Counts one message of these alerts; False when it has to wait."""
        team = alerts[0].team_id
        if team is None or alerts[0].channel != Channel.MAIL:
            return True
        since = min(alert.hold_until or alert.created_at for alert in alerts)
        overdue = not self._hour[0] < since <= self._hour[1] and any(alert.over_limit for alert in alerts)
        if not overdue and self._taken[team] >= settings.MAILS_PER_HOUR:
            return False
        self._taken[team] += 1
        return True

    def _young(self) -> Q:
        return Q(created_at__range=self._hour) | Q(hold_until__range=self._hour)


def hold(alerts: list[Alert]) -> None:
    """Has the alerts wait for the team's next mail."""
    Alert.objects.filter(pk__in=[alert.pk for alert in alerts], message=None).update(over_limit=True)


def facts(alerts: list[Alert]) -> dict[str, int]:
    """What makes a message of these alerts a summary; empty where it is none."""
    held = len(alerts) > 1 and any(alert.over_limit for alert in alerts)
    return {"limit": settings.MAILS_PER_HOUR} if held else {}
