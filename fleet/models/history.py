"""What was learned over time."""

from django.db import models

from .endpoint import Endpoint


class Observation(models.Model):
    """A stored reading: its finding, latency and load."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="observations", db_index=False)
    at = models.DateTimeField()
    status = models.CharField(max_length=12)  # what this probe by itself found
    cause = models.CharField(max_length=24, blank=True)
    step = models.CharField(max_length=12, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    latency_ms = models.FloatField(null=True)
    interval = models.PositiveIntegerField(null=True)  # seconds between probes then, stretched; null in older rows
    late_ms = models.FloatField(null=True)  # how late the probe began after it was due
    running = models.FloatField(null=True)
    waiting = models.FloatField(null=True)
    kv_cache_usage = models.FloatField(null=True)  # 0..1
    generation_tokens = models.BigIntegerField(null=True)  # the engine's counter
    busy = models.BooleanField(null=True)
    canary_ms = models.FloatField(null=True)  # how long the canary took, where there was one
    excluded = models.CharField(max_length=12, blank=True)  # "maintenance" or "blind": does not count as uptime

    class Meta:
        indexes = [models.Index(fields=["endpoint", "-at"], name="observation_by_endpoint")]

    @property
    def exchanges(self) -> list[dict]:
        """The requests of this probe with the time of each phase; empty once its trace was pruned."""
        return self.trace.exchanges if hasattr(self, "trace") else []


class Trace(models.Model):
    """The requests of one recent probe. A table of its own, since it is large and kept for a short time only."""

    observation = models.OneToOneField(Observation, on_delete=models.CASCADE, primary_key=True, related_name="trace")
    exchanges = models.JSONField(default=list)


class Change(models.Model):
    """A fact about an endpoint that is no longer what it was."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    kind = models.CharField(max_length=24)  # engine, version, model_added, model_gone, context, settings
    subject = models.CharField(max_length=300, blank=True)  # the model's name, where there is one
    before = models.CharField(max_length=300, blank=True)
    after = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]


class Rollup(models.Model):
    """The observations of one endpoint in one minute, hour or day, added up."""

    class Span(models.TextChoices):
        MINUTE = "minute"
        HOUR = "hour"
        DAY = "day"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="rollups", db_index=False)
    span = models.CharField(max_length=6, choices=Span)
    start = models.DateTimeField()
    counts = models.JSONField(default=dict)  # status -> probes that found it, without the excluded ones
    excluded = models.JSONField(default=dict)  # "maintenance" or "blind" -> probes
    worst = models.CharField(max_length=12)  # the most urgent status, as the band shows it
    sums = models.JSONField(default=dict)  # figure -> [how many, sum, lowest, highest]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "span", "start"], name="one_rollup_per_span")]
        indexes = [models.Index(fields=["span", "start"], name="rollup_by_age")]
