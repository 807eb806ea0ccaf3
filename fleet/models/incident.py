"""Stretches of trouble."""

from django.db import models
from django.urls import reverse

from .endpoint import Endpoint


class Incident(models.Model):
    """One stretch of trouble of one endpoint."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="incidents")
    status = models.CharField(max_length=12)  # down or degraded: the worst it came to
    cause = models.CharField(max_length=24)
    step = models.CharField(max_length=12, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    began_at = models.DateTimeField()  # the first failed probe
    opened_at = models.DateTimeField()  # when the failures in a row were enough
    resolved_at = models.DateTimeField(null=True, db_index=True)
    last_seen = models.JSONField(default=dict)  # what the last good probe knew: at, engine, version, models

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


class IncidentEvent(models.Model):
    """One dated line of an incident's timeline."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    text = models.CharField(max_length=600)

    class Meta:
        ordering = ["at", "pk"]
