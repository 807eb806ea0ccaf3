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
    late_ms = models.FloatField(null=True)  # how late the probe began after it was due
    running = models.FloatField(null=True)
    waiting = models.FloatField(null=True)
    kv_cache_usage = models.FloatField(null=True)  # 0..1
    generation_tokens = models.BigIntegerField(null=True)  # the engine's counter
    busy = models.BooleanField(null=True)

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
