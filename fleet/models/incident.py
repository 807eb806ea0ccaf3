"""Stretches of trouble."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from core import twice
from core.dates import whole_second

from ..display import formats
from ..verdict import causes
from ..verdict.status import TROUBLE
from .endpoint import Endpoint
from .endpoint_state import EndpointState


class Trouble(NamedTuple):
    """What is wrong with an endpoint: down or degraded, why, at which step, and the detail."""

    status: str
    cause: str
    step: str
    detail: str


class IncidentQuerySet(models.QuerySet["Incident"]):
    """The rules by which incidents are picked, each written once."""

    def open(self) -> Self:
        """Those that are not resolved."""
        return self.filter(resolved_at=None)

    def unfinished(self) -> Self:
        """Those that are open, or whose end nobody was alerted of while somebody was of their trouble."""
        alerted = (Incident.Announced.DOWN, Incident.Announced.DEGRADED)
        return self.filter(Q(resolved_at=None) | Q(announced__in=alerted))

    def with_acknowledged(self, now: datetime) -> models.QuerySet[Any]:
        """Each with `acknowledged`: whether somebody is on it at `now`."""
        return self.annotate(acknowledged=_acknowledged(now))

    def acknowledged(self, now: datetime) -> Self:
        """Those that somebody is on at `now`."""
        return self.filter(_acknowledged(now))


_SECOND = timedelta(seconds=1)


def _acknowledged(now: datetime) -> Q:
    """As Incident.is_acknowledged."""
    return Q(acknowledged_at__isnull=False) & (Q(acknowledged_until=None) | Q(acknowledged_until__gt=now))


class Incident(models.Model):
    """One stretch of trouble of one endpoint."""

    class Announced(models.TextChoices):
        """What people were alerted of last. While it is not what is, and nothing mutes it, an alert is due."""

        NOTHING = ""
        DEGRADED = "degraded"
        DOWN = "down"
        RECOVERED = "recovered"
        CLOSED = "closed"  # ended without a good probe, because it is not watched any more

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="incidents")
    parent = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="children")  # what caused it
    shares_host = models.BooleanField(default=False)  # the parent did not cause it: nothing on their host answered
    status = models.CharField(max_length=12)  # down or degraded: the worst it came to
    cause = models.CharField(max_length=24)
    step = models.CharField(max_length=12, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    began_at = models.DateTimeField()  # the first failed probe
    opened_at = models.DateTimeField()  # when the failures in a row were enough
    resolved_at = models.DateTimeField(null=True, db_index=True)
    last_seen = models.JSONField(default=dict)  # what the last good probe knew: at, engine, version, models
    flapping = models.BooleanField(default=False)  # it came back and went again, too often for an alert each time
    # It goes on with trouble that comes again before anybody was alerted of its end: then it has several outages.
    outages = models.PositiveSmallIntegerField(default=1)
    again_at = models.DateTimeField(null=True)  # the first failed probe of the latest outage; null: it is the first one
    earlier = models.DurationField(default=timedelta)  # how long the outages before the latest one took together
    # What of all of its outages does not count as downtime, as for availability: see incidents.downtime.
    in_maintenance = models.DurationField(default=timedelta)
    counted_until: datetime | None = None  # not stored: see stands_still
    unwatched = models.DurationField(default=timedelta)  # Plimsoll was blind, or did not probe it

    announced = models.CharField(
        max_length=12, choices=Announced, default=Announced.NOTHING, blank=True, db_index=True, db_column="told"
    )
    announced_at = models.DateTimeField(null=True, db_column="told_at")
    round = models.PositiveSmallIntegerField(
        default=0
    )  # goes up where a kind may be written once more: it came back, or what was written was dropped
    reminders = models.PositiveSmallIntegerField(default=0)
    escalated_at = models.DateTimeField(null=True)

    acknowledged_by = models.CharField(max_length=254, blank=True)  # a user name, or the address a mail's link went to
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_until = models.DateTimeField(null=True)  # null, or the end of the incident: until it is resolved
    acknowledged_note = models.CharField(max_length=500, blank=True)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint"],
                condition=models.Q(resolved_at=None),
                name="one_open_incident_per_endpoint",
            )
        ]

    def get_absolute_url(self) -> str:
        return reverse("incident", args=[self.pk])

    @property
    def is_acknowledged(self) -> bool:
        """Whether somebody is on it at this moment."""
        until = self.acknowledged_until
        return self.acknowledged_at is not None and (until is None or until > datetime.now(UTC))

    @property
    def relation(self) -> str:
        """How it hangs together with its parent, before that one's name."""
        return causes.relation(self.shares_host)

    @property
    def who_acknowledged(self) -> str:
        """The user name, or the address whose mail has the link, "from a mail": names have no @."""
        return f"{self.acknowledged_by}, from a mail" if "@" in self.acknowledged_by else self.acknowledged_by

    @property
    def failing_since(self) -> datetime:
        """The first failed probe of the latest outage."""
        return self.again_at or self.began_at

    @property
    def downtime(self) -> timedelta:
        """How long it was in trouble, without the times in between in which it was not, or that does not count."""
        return whole_second(self.resolved_at or self.counted_until or datetime.now(UTC)) - self.counted_from

    def stands_still(self, state: EndpointState) -> None:
        """Has `downtime` end with the last probe while its endpoint is in maintenance: the next one leaves out the time
        between them."""
        planned = isinstance(state.marks, dict) and "maintenance" in state.marks
        self.counted_until = state.probed_at if planned else None

    @property
    def counted_from(self) -> datetime:
        """When it would have begun, had it been down without a break and had all of that counted."""
        left_out = timedelta(seconds=self.in_maintenance // _SECOND + self.unwatched // _SECOND)
        return whole_second(self.failing_since) - self.earlier + left_out

    @property
    def interrupted(self) -> bool:
        """Whether not all of the time from its begin to its end, or to now, is downtime."""
        return self.outages > 1 or max(self.in_maintenance, self.unwatched) >= _SECOND

    @property
    def lasted(self) -> str:
        """The same in words, with what was left out: "2 min 5 s", "twice, 3 min 42 s of 12 min 52 s"."""
        return formats.lasted(self.outages, self.downtime, self.span, self.in_maintenance, self.unwatched)

    @property
    def span(self) -> timedelta:
        """From the first failed probe to the end, or to now: with several outages longer than `downtime`."""
        return whole_second(self.resolved_at or datetime.now(UTC)) - whole_second(self.began_at)

    @property
    def worst(self) -> Trouble:
        """The worst it came to, as it was first."""
        return Trouble(self.status, self.cause, self.step, self.detail)

    def trouble(self, state: EndpointState) -> Trouble:
        """What is wrong now by its endpoint's state, since causes move while it is open; else the worst it came to."""
        if self.resolved_at or state.status not in TROUBLE:
            return self.worst
        return Trouble(state.status, state.cause, state.step, state.detail)

    def end(self, at: datetime) -> None:
        """Ends it, and with it its acknowledgement: whoever acknowledged this outage knows nothing of a next one."""
        self.resolved_at = at
        if self.is_acknowledged:
            self.acknowledged_until = at
        self.save(update_fields=["resolved_at", "acknowledged_until"])

    def go_on(self, again_at: datetime) -> None:
        """Opens it again for another outage, which began then."""
        assert self.resolved_at is not None, "only what has ended goes on"
        self.earlier += whole_second(self.resolved_at) - whole_second(self.failing_since)
        self.outages += 1
        self.again_at, self.resolved_at = max(again_at, self.resolved_at), None
        self.save(update_fields=["earlier", "outages", "again_at", "resolved_at", "last_seen"])

    def note(self, at: datetime, text: str, author: str = "") -> None:
        """Adds a line to the timeline, cut to 600 characters. What a person sent twice is one line."""
        note_each({self.pk: text}, at, author)


class IncidentEvent(models.Model):
    """One dated line of an incident's timeline; a note by a person has an author."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    text = models.CharField(max_length=600)
    author = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ["at", "pk"]


def note_each(texts: Mapping[int, str], at: datetime, author: str = "") -> None:
    """Adds a line to the timeline of each of these incidents, by their numbers, as Incident.note does."""
    lines = [IncidentEvent(incident_id=pk, at=at, text=text[:600], author=author) for pk, text in texts.items()]
    if author:
        lately = IncidentEvent.objects.filter(incident__in=texts, at__gt=at - twice.WITHIN).order_by("at", "pk")
        last = {line.incident_id: (line.text, line.author) for line in lately}
        lines = [line for line in lines if last.get(line.incident_id) != (line.text, line.author)]
    IncidentEvent.objects.bulk_create(lines)


class Silence(models.Model):
    """For a while nobody is notified about an endpoint, an engine of the team, or the whole team."""

    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="silences")
    endpoint = models.ForeignKey(Endpoint, null=True, blank=True, on_delete=models.CASCADE, related_name="silences")
    engine = models.CharField(max_length=40, blank=True)  # neither endpoint nor engine: the whole team
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)
    reason = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-ends_at"]


class MaintenanceWindow(models.Model):
    """When work is planned: nobody is notified, and the time does not count for availability."""

    class Repeats(models.TextChoices):
        ONCE = "once", "once"
        DAILY = "daily", "every day"
        WEEKLY = "weekly", "every week"
        MONTHLY = "monthly", "every month"

    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="maintenance_windows")
    endpoint = models.ForeignKey(
        Endpoint, null=True, blank=True, on_delete=models.CASCADE, related_name="maintenance_windows"
    )  # null: all of the team
    name = models.CharField(max_length=80)
    starts_at = models.DateTimeField()  # of the first one
    minutes = models.PositiveIntegerField()  # how long each takes
    repeats = models.CharField(max_length=8, choices=Repeats, default=Repeats.ONCE)
    time_zone = models.CharField(max_length=64, default="UTC")  # repeats follow its clock, summer time and all
    last_day = models.DateField(null=True, blank=True)  # no repetition begins after it
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["starts_at"]


class BlindStretch(models.Model):
    """A time in which the watch itself was blind. What probes found in it says nothing about the endpoints."""

    AFTERGLOW = timedelta(seconds=10)  # failures still count as caused by it: probes that began in it end now

    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300)  # a sentence

    class Meta:
        ordering = ["-began_at"]

    @classmethod
    def current(cls) -> "BlindStretch | None":
        """The stretch that lasts, or that ended less than AFTERGLOW ago."""
        lately = models.Q(ended_at=None) | models.Q(ended_at__gt=datetime.now(UTC) - cls.AFTERGLOW)
        return cls.objects.filter(lately).order_by("-began_at").first()
