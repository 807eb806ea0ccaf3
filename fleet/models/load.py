"""What is stored of an endpoint's load: hours, verdicts on them, and what its team promises and states."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from teams.models import Team

from ..evidence.target import Target
from ..evidence.thresholds import Thresholds
from ..evidence.verdict import Circumstances
from ..evidence.window import OfficeHours
from .endpoint import Endpoint


class BucketEdges(models.Model):
    """The buckets of an engine's histograms, each set stored once: engines have few, and change them rarely."""

    digest = models.CharField(max_length=40, unique=True)
    edges = models.JSONField()  # histogram -> the upper edges of its buckets, as the engine writes them


class LoadHour(models.Model):
    """One hour of one model, or one day made of its hours. fleet.evidence.counts says what is counted."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="load_hours", db_index=False)
    start = models.BigIntegerField()  # unix seconds
    seconds = models.PositiveIntegerField(default=3600)  # 86400: a day (UTC)
    model = models.CharField(max_length=300, blank=True)  # empty: figures of the whole server
    counts = models.BinaryField()
    edges = models.ForeignKey(BucketEdges, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        indexes = [models.Index(fields=["endpoint", "start"], name="load_hour_by_endpoint")]


class LoadVerdict(models.Model):
    """What an endpoint's load meant from one moment to another. The current one's figures move with each judgement."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="load_verdicts")
    since = models.DateTimeField()
    judged_at = models.DateTimeField()
    until = models.DateTimeField(null=True)  # when another took its place; null: it is the current one
    state = models.CharField(max_length=24)  # fleet.evidence.verdict.State
    limit = models.CharField(max_length=24, blank=True)
    model = models.CharField(max_length=300, blank=True)
    confidence = models.CharField(max_length=8)
    confirmed = models.BooleanField(default=False)
    line = models.PositiveIntegerField(null=True)  # callers at once; null: not known yet
    callers = models.PositiveIntegerField(null=True)  # 95th percentile of those under way and waiting, in office hours
    at_work = models.FloatField(null=True)  # per cent of the probes of office hours that found it at work
    in_time = models.FloatField(null=True)  # per cent of the requests that met the target for certain; null: not known
    verdicts = models.JSONField(default=list)  # all models' verdicts in full: fleet.load.stored
    recent = models.JSONField(default=list)  # of the last day: fleet.evidence.damping; without content where it is this

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint"], condition=models.Q(until__isnull=True), name="one_current_load_verdict"
            )
        ]
        ordering = ["-since", "-pk"]

    @property
    def lighter(self) -> str:
        """The state that the last judgement found, where that is another and takes this one's place within a day."""
        last: str = self.recent[-1]["kind"][0] if self.until is None and self.recent else self.state
        return last if last != self.state else ""


def _seconds(**options: Any) -> models.FloatField:
    return models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0.001), MaxValueValidator(3600)], **options
    )


class TargetFields(models.Model):
    """What is promised to callers."""

    first_token = _seconds()
    between_tokens = _seconds()
    whole = _seconds()
    share = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(50), MaxValueValidator(100)]
    )  # per cent of the requests that must meet it; null: 95, or what the team has

    class Meta:
        abstract = True


class TeamLoad(TargetFields):
    """A team's service target, office hours and thresholds."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, primary_key=True, related_name="load")
    zone = models.CharField(max_length=64, default="UTC")
    first_hour = models.PositiveSmallIntegerField(default=9, validators=[MaxValueValidator(23)])
    last_hour = models.PositiveSmallIntegerField(default=18, validators=[MinValueValidator(1), MaxValueValidator(24)])
    days = models.JSONField(default=list, blank=True)  # 0 is Monday; empty: Monday to Friday
    thresholds = models.JSONField(default=dict, blank=True)  # the team's own: fleet.evidence.thresholds
    at_once = models.BooleanField(default=False)  # a firm verdict is mailed at once, not in the digest

    def office(self) -> OfficeHours:
        """When the team works."""
        days = tuple(self.days) or OfficeHours().days
        return OfficeHours(self.zone, self.first_hour, self.last_hour, days)

    def limits(self) -> Thresholds:
        """The thresholds that its endpoints are judged by."""
        return Thresholds.of(self.thresholds)


class EndpointLoad(TargetFields):
    """An endpoint's own service target, and what its team states of it since no probe can see it."""

    endpoint = models.OneToOneField(Endpoint, on_delete=models.CASCADE, primary_key=True, related_name="load_settings")
    slots = models.PositiveSmallIntegerField(null=True, blank=True)  # OLLAMA_NUM_PARALLEL
    slots_since = models.DateTimeField(null=True, blank=True)
    can_move = models.BooleanField(null=True, blank=True)  # there is a machine on which vLLM would run
    reasons = models.JSONField(default=list, blank=True)  # that justify vLLM though it is idle
    measures_waits = models.BooleanField(default=False)  # canaries are sent under load, too: fleet.verdict.canary_due

    def circumstances(self, team: TeamLoad) -> Circumstances:
        """What its verdict is judged by; where it has no target of its own, the team's."""
        own = any((self.first_token, self.between_tokens, self.whole))
        source: TargetFields = self if own else team
        share = source.share or team.share or Target().share
        target = Target(source.first_token, source.between_tokens, source.whole, share)
        return Circumstances(self.slots, self.can_move, tuple(self.reasons), target)
