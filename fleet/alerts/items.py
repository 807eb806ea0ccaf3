"""The incidents of a message as it presents them, from the facts frozen in its alerts."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from core.dates import whole_second
from core.natural_order import natural_key
from core.site_url import absolute

from ..display import formats
from ..engines.registry import label
from ..models import Alert, Endpoint, Incident, Message, Observation, Trouble
from ..verdict import causes
from ..verdict.monitor_blind import suspicious
from ..verdict.status import TROUBLE
from .grouping import DOUBTFUL_WINDOW, WINDOW

LATELY = timedelta(days=1)
"""An incident that ended so shortly before another began is named with it."""

_LAST_WORD = ("unwatched", "recovered", "escalated", "reminder", "down", "degraded")
"""When one message carries several alerts about an incident, the first of these is what it says."""


@dataclass(frozen=True, slots=True)
class Item:
    """One incident as a message describes it."""

    kind: str
    facts: dict[str, Any]
    incident: int
    children: list[str]  # endpoints whose trouble this one's causes; the last may be "3 more"
    with_it: int = 0  # how many those are
    not_back: list[str] = field(default_factory=list)  # where it recovered: those that did not yet
    before: str = ""  # the incident before it, in words

    @property
    def status(self) -> str:
        """down or degraded: the worst it came to."""
        return self.facts.get("status") or "down"

    @property
    def recovered(self) -> bool:
        return self.kind == Alert.Kind.RECOVERED

    @property
    def unwatched(self) -> bool:
        """Whether nobody will learn how it ends."""
        return self.kind == Alert.Kind.UNWATCHED

    @property
    def word(self) -> str:
        """What the subject begins with."""
        if self.recovered:
            return "UP"
        if self.unwatched:
            return "NO LONGER WATCHED"
        if self.kind == Alert.Kind.REMINDER:
            return f"STILL {self.status.upper()}"
        return "ESCALATED" if self.kind == Alert.Kind.ESCALATED else self.status.upper()

    @property
    def name(self) -> str:
        """The endpoint's name on one line: line breaks can't reach a header."""
        name = " ".join(self.facts["name"].split())
        return f"{name} and {self.with_it} more" if self.with_it else name

    @property
    def count(self) -> int:
        """Endpoints: its own, and those whose trouble it causes."""
        return 1 + self.with_it

    @property
    def be(self) -> str:
        """The verb for `name`."""
        return "is" if self.count == 1 else "are"

    @property
    def over(self) -> bool:
        """Whether the message is about an end: then the words of a cause, which are of now, don't fit any more."""
        return self.recovered or self.unwatched

    @property
    def what(self) -> str:
        """What is wrong in one sentence; of what is over: "It was: connection refused."."""
        return f"It was: {self.brief}." if self.over else causes.sentence(self.facts["cause"])

    @property
    def was(self) -> str:
        """What is over, within a line: "it was down 2 min 5 s: connection refused"."""
        who = "it" if self.count == 1 else self.facts["name"]
        return f"{who} was {self.status} {self.lasted}: {self.brief}"

    @property
    def brief(self) -> str:
        return causes.short(self.facts["cause"])

    @property
    def advice(self) -> str:
        """What to try; "" where it is over."""
        return "" if self.over else causes.advice(self.facts["cause"])

    @property
    def began_at(self) -> datetime:
        return datetime.fromisoformat(self.facts["began_at"])

    @property
    def resolved_at(self) -> datetime | None:
        at = self.facts["resolved_at"]
        return datetime.fromisoformat(at) if at else None

    @property
    def answered_at(self) -> datetime | None:
        """The first of the good probes that ended it, where that is known."""
        at = self.facts.get("answered_at")
        return datetime.fromisoformat(at) if at else None

    @property
    def lasted(self) -> str:
        """How long it was in trouble, "" while it is: "2 min 5 s", "twice, 3 min 42 s of 12 min 52 s"."""
        if self.resolved_at is None:
            return ""
        span = (whole_second(self.resolved_at) - whole_second(self.began_at)).total_seconds()
        left_out = (self.facts.get("in_maintenance", 0), self.facts.get("unwatched", 0))
        return formats.lasted(self.facts.get("outages", 1), self.facts.get("downtime", span), span, *left_out)

    @property
    def seen_at(self) -> datetime | None:
        at = self.facts["last_seen"].get("at")
        return datetime.fromisoformat(at) if at else None

    @property
    def engine(self) -> str:
        name = self.facts["last_seen"].get("engine")
        return label(name) if name else ""

    @property
    def link(self) -> str:
        return absolute(self.facts["path"])


def items(message: Message) -> list[Item]:
    """One item per incident, trouble before recoveries, each in the order in which it began."""
    by_incident: dict[int, dict[str, Alert]] = {}
    for alert in message.alerts.exclude(incident=None):
        by_incident.setdefault(alert.incident_id or 0, {})[alert.kind] = alert
    children, not_back = message.facts.get("children", {}), message.facts.get("not_back", {})
    named_before = {alert.facts.get("before") for kinds in by_incident.values() for alert in kinds.values()}
    earlier = Incident.objects.in_bulk(named_before - {None})
    found = []
    for incident, kinds in by_incident.items():
        kind = next(kind for kind in _LAST_WORD if kind in kinds)
        named = [] if kind == Alert.Kind.UNWATCHED else children.get(str(incident), [])
        waiting = not_back.get(str(incident), []) if kind == Alert.Kind.RECOVERED else []
        facts = kinds[kind].facts
        before = earlier.get(facts.get("before"))
        with_it = message.facts.get("with_it", {}).get(str(incident), len(named)) if named else 0
        item = Item(kind, facts, incident, named, with_it, waiting)
        found.append(replace(item, before=earlier_in_words(before, item.began_at)) if before else item)
    return sorted(
        found,
        key=lambda item: (item.recovered, item.unwatched, item.facts["began_at"], natural_key(item.facts["name"])),
    )


def before(incident: Incident) -> Incident | None:
    """The incident of the same endpoint that ended LATELY before this one began, if any. Not what ended without a word:
    the monitor was blind, or the endpoint not watched."""
    earlier = Incident.objects.filter(endpoint=incident.endpoint_id, pk__lt=incident.pk)
    near = earlier.filter(resolved_at__gt=incident.began_at - LATELY).exclude(announced=Incident.Announced.CLOSED)
    return near.order_by("resolved_at").last()


def earlier_in_words(earlier: Incident, began_at: datetime) -> str:
    """As "2 min before, down for 3 min 3 s, acknowledged by Bob", for trouble that began again at `began_at`."""
    assert earlier.resolved_at is not None, "only what has ended comes again"
    gap = formats.span(began_at - earlier.resolved_at)
    by = f", acknowledged by {earlier.acknowledged_by}" if earlier.acknowledged_by else ""
    return f"{gap} before, {earlier.status} {'for ' if earlier.outages == 1 else ''}{earlier.lasted}{by}"


def _answered_at(incident: Incident) -> datetime | None:
    """The first good probe after the last that found trouble, of an incident that is resolved."""
    seen = Observation.objects.filter(endpoint=incident.endpoint_id, at__gte=incident.failing_since).exclude(
        excluded="blind"
    )
    seen = seen.filter(at__lte=incident.resolved_at)
    last = seen.filter(status__in=TROUBLE).order_by("at").values_list("at", flat=True).last()
    good = seen.filter(at__gt=last or incident.failing_since).order_by("at")
    return good.values_list("at", flat=True).first()


def facts_of(incident: Incident, trouble: Trouble, endpoint: Endpoint) -> dict[str, Any]:
    """What an alert about the incident freezes: all that an Item has. `trouble` is what is wrong, or was."""
    alerted = incident.alerts.order_by("pk").values_list("facts__name", flat=True).first()
    earlier = before(incident)
    answered_at = _answered_at(incident) if incident.resolved_at else None
    was = f" (was {alerted})" if alerted and alerted != endpoint.name else ""
    return {
        "name": f"{endpoint.name}{was}",
        "team": endpoint.team.name,
        "team_slug": endpoint.team.slug,
        "url": endpoint.url,
        "path": incident.get_absolute_url(),
        "endpoint_path": endpoint.get_absolute_url(),
        **trouble._asdict(),
        "began_at": incident.began_at.isoformat(),
        "opened_at": incident.opened_at.isoformat(),
        "resolved_at": incident.resolved_at.isoformat() if incident.resolved_at else None,
        "answered_at": answered_at.isoformat() if answered_at else None,
        "outages": incident.outages,
        "downtime": incident.downtime.total_seconds(),
        "in_maintenance": incident.in_maintenance.total_seconds(),
        "unwatched": incident.unwatched.total_seconds(),
        "last_seen": incident.last_seen,
        "before": earlier.pk if earlier else None,  # not in words: a name in them may have to go
    }


def can_be_worded(alert: Alert) -> bool:
    """Whether its facts are whole. Where they are odd, it goes alone, and spoils no message of others."""
    facts = alert.facts
    try:
        if alert.incident_id is None:
            return all(isinstance(facts[name], str) for name in ("subject", "text", "path", "link_text", "team_slug"))
        item = Item(alert.kind, facts, alert.incident_id, [])
        parts = (
            item.name,
            item.what,
            item.advice,
            item.began_at,
            item.lasted,
            item.answered_at,
            item.seen_at,
            item.engine,
            item.link,
        )
        named = [facts[name] for name in ("url", "team", "team_slug", "endpoint_path", "step", "detail", "opened_at")]
        return all(isinstance(name, str) for name in named) and bool(parts)
    except (KeyError, TypeError, ValueError, AttributeError):
        return False


def window(alerts: Iterable[Alert]) -> float:
    """Seconds without a new one after which these alerts are complete."""
    found = [alert.facts for alert in alerts if alert.incident_id and can_be_worded(alert)]
    return DOUBTFUL_WINDOW if any(suspicious(facts["cause"], facts["step"]) for facts in found) else WINDOW
