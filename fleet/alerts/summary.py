"""The one mail of all that waited while its team's mails had reached MAILS_PER_HOUR: each alert by itself, in order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from core.site_url import absolute

from ..models import Alert, Message
from .items import Item

LINES = 1000
"""Alerts that a summary lists one by one."""


@dataclass(frozen=True, slots=True)
class Line:
    """One alert: when it was written, what it is about, and its page."""

    at: datetime
    word: str
    name: str
    brief: str
    url: str
    link: str


def is_one(message: Message) -> bool:
    """Whether the message is a summary: then its facts have the limit that was reached."""
    return bool(message.facts.get("limit"))


def subject(message: Message) -> str:
    """As "SUMMARY  34 alerts (Search)"."""
    alerts = list(message.alerts.all())
    return f"SUMMARY  {len(alerts)} alerts ({' '.join(alerts[0].facts['team'].split())})"


def context(message: Message) -> dict[str, Any]:
    """What templates/email/summary.* show."""
    alerts = sorted(message.alerts.all(), key=lambda alert: (alert.created_at, alert.pk))
    facts = alerts[0].facts
    return {
        "facts": facts,
        "count": len(alerts),
        "limit": message.facts["limit"],
        "lines": [_line(alert) for alert in alerts[:LINES]],
        "more": max(0, len(alerts) - LINES),
        "link": absolute(reverse("alerts")),
        "incidents": absolute(f"{reverse('incidents')}?team={facts['team_slug']}"),
    }


def _line(alert: Alert) -> Line:
    facts = alert.facts
    if alert.incident_id is None:
        name = " ".join(facts["subject"].split())
        return Line(alert.created_at, alert.kind.upper(), name, facts["text"], "", absolute(facts["path"]))
    item = Item(alert.kind, facts, alert.incident_id, [])
    brief = item.was if item.over else item.brief
    return Line(alert.created_at, item.word, item.name, brief, facts["url"], item.link)
