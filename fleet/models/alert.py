"""The outbox."""

from django.db import models

from .incident import Incident


class Alert(models.Model):
    """One message about one incident to one recipient. Written with the incident, sent later."""

    class Kind(models.TextChoices):
        DOWN = "down"
        DEGRADED = "degraded"
        RECOVERED = "recovered"

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        SENT = "sent", "sent"
        NO_SERVER = "no_server", "not sent: no mail server is set"
        GIVEN_UP = "given_up", "given up"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="alerts")
    kind = models.CharField(max_length=12, choices=Kind)
    recipient = models.CharField(max_length=254)
    facts = models.JSONField()  # what the message says, frozen when it was written
    created_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, db_index=True)  # null once nothing is left to do
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "kind", "recipient"], name="one_alert_per_kind_and_recipient")
        ]
