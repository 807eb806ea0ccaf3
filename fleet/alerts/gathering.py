"""Puts alerts that belong together into one message per recipient."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Min, Q, QuerySet, When

from core import fence
from core.natural_order import Natural

from ..models import Alert, Channel, Incident, Message
from . import grouping, items, mail_limit, recipients, storms

GATHERING = "gathering"
"""The sweep, as core.fence knows it."""

_NOTE = Case(When(incident=None, over_limit=False, then="pk"))
"""A note goes alone, alerts of incidents and what MAILS_PER_HOUR held back together."""

_GROUP = ("team_id", "channel", "recipient", "note")

HELD_AT_MOST = timedelta(hours=26)
"""No quiet hours last longer: what is held beyond it was written before the clock was set back."""

CHILDREN = 50
"""Incidents caused by another one that its message names; the rest is counted."""


def ungathered() -> QuerySet[Alert]:
    """The alerts that are in no message yet."""
    return Alert.objects.filter(message=None, dropped="")


def gather() -> int:
    """Makes messages of the alerts that are ready; returns how many. Each alert goes into one message only."""
    now = datetime.now(UTC)
    limit = mail_limit.MailLimit(now)
    ready = Q(hold_until=None) | Q(hold_until__lte=now) | Q(hold_until__gt=now + HELD_AT_MOST)
    rows = ungathered().filter(ready).exclude(limit.waiting()).annotate(note=_NOTE)
    waiting: QuerySet[Any] = rows.order_by("created_at", "pk")
    forming = cache(partial(storms.forming, now=now))

    def gather_one(alerts: list[Alert], others: QuerySet[Alert]) -> bool:
        """Makes a message of the alerts, if they are complete and the team may send one."""
        first = alerts[0]
        complete = first.incident_id is None or any(alert.over_limit for alert in alerts)
        if not complete:
            complete = grouping.ready(_group(alerts, first.team_id is not None and forming(first.team_id), now))
            # While that was asked, the last that it would have waited for may have come: they go along next time.
            complete = complete and not others.exists()
        by_mail = first.team if first.channel == Channel.MAIL else None
        if complete and by_mail and not recipients.willing(by_mail, [first.recipient]):  # since it was written, say
            Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(dropped=recipients.UNWANTED)
            return False
        if complete and not limit.allows(alerts):
            mail_limit.hold(alerts)
            return False
        return complete and _message(alerts, now)

    def gather_group(group: dict[str, Any]) -> int:
        alerts = list(waiting.filter(**group).select_related("incident", "team"))
        others = waiting.filter(**group).exclude(pk__in=[alert.pk for alert in alerts])
        alone = [alert for alert in alerts if not items.can_be_worded(alert)]
        together = [alert for alert in alerts if alert not in alone]
        return sum(gather_one(each, others) for each in (together, *([alert] for alert in alone)) if each)

    found: QuerySet[Any] = rows.order_by().values(*_GROUP).annotate(oldest=Min("created_at"), first=Min("pk"))
    groups: Iterable[dict[str, Any]] = found.order_by("oldest", "first").values(*_GROUP)
    return fence.each(GATHERING, groups, gather_group, _item)


def _item(group: dict[str, Any]) -> fence.Item:
    key = f"{group['note'] or ''}/{group['team_id']}/{group['channel']}/{group['recipient']}"
    return fence.Item(key[:120], f"alerts to {group['recipient']}", group["team_id"])


def _group(alerts: list[Alert], forming: bool, now: datetime) -> grouping.Group:
    # A held alert (quiet hours) waited long enough, but its group may still be forming.
    # One from before the clock was set back, which lies ahead of us, is as old as it is far.
    ages = [abs(now - max(alert.created_at, alert.hold_until or alert.created_at)).total_seconds() for alert in alerts]
    recoveries = all(alert.kind == Alert.Kind.RECOVERED for alert in alerts)
    partners_open = recoveries and _partners_open(alerts)
    return grouping.Group(max(ages), min(ages), items.window(alerts), forming, recoveries, partners_open)


def _partners_open(alerts: list[Alert]) -> bool:
    """Whether incidents of the same messages are still open, or their ends not alerted yet.

    Not those that are muted, whose end is alerted when that is over.
    """
    mine = {alert.incident_id for alert in alerts if alert.incident_id}
    sent = Alert.objects.filter(incident__in=mine, recipient=alerts[0].recipient).values("message")
    together = Incident.objects.filter(alerts__message__in=sent, alerts__recipient=alerts[0].recipient)
    muted = Q(endpoint__state__marks__has_any_keys=["silenced", "maintenance"])
    return together.unfinished().exclude(pk__in=mine).exclude(muted).exists()


def _message(alerts: list[Alert], now: datetime) -> bool:
    """One message of these alerts. Whoever changes the rows first has them: another gatherer finds none left."""
    first = alerts[0]
    sendable = settings.EMAIL_CONFIGURED or first.channel != Channel.MAIL
    with transaction.atomic():
        message = Message.objects.create(
            team=first.team,
            channel=first.channel,
            recipient=first.recipient,
            created_at=now,
            state=Message.State.WAITING if sendable else Message.State.NO_SERVER,
            next_try_at=now if sendable else None,
            facts=_children(alerts) | mail_limit.facts(alerts),
        )
        rows = Alert.objects.filter(pk__in=[alert.pk for alert in alerts], message=None, dropped="")
        if not rows.update(message=message):
            message.delete()
            return False
    return True


def _children(alerts: Iterable[Alert]) -> dict[str, dict[str, Any]]:
    """Incident -> names of the endpoints whose trouble it causes, and how many; of one that is over, apart, those that
    are not."""
    parents = [alert.incident_id for alert in alerts if alert.incident_id]
    children: dict[str, list[str]] = defaultdict(list)
    not_back: dict[str, list[str]] = defaultdict(list)
    rows = Incident.objects.filter(parent__in=parents).order_by(Natural("endpoint__name"))
    for parent, name, ended, cause_ended in rows.values_list(
        "parent_id", "endpoint__name", "resolved_at", "parent__resolved_at"
    ):
        # Nothing is named as back without a good probe of its own.
        found = not_back if cause_ended and not ended else children
        found[str(parent)].append(name)
    named: dict[str, dict[str, Any]] = {
        key: {parent: names[:CHILDREN] + _rest(names) for parent, names in found.items()}
        for key, found in (("children", children), ("not_back", not_back))
    }
    return named | {"with_it": {parent: len(names) for parent, names in children.items()}}


def _rest(names: list[str]) -> list[str]:
    return [f"{len(names) - CHILDREN} more"] if len(names) > CHILDREN else []
