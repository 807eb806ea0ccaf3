"""The outbox."""

from django.db import models

from .incident import Incident


class Alert(models.Model):
    """One message to one recipient, about an incident or as a note. Written with what it is about, sent later."""

    class Kind(models.TextChoices):
        DOWN = "down"
        DEGRADED = "degraded"
        RECOVERED = "recovered"
        REVIEW = "review"  # a note: something the team decided wants another look

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        SENT = "sent", "sent"
        NO_SERVER = "no_server", "not sent: no mail server is set"
        GIVEN_UP = "given_up", "given up"

    incident = models.ForeignKey(Incident, null=True, on_delete=models.CASCADE, related_name="alerts")
    key = models.CharField(max_length=120, blank=True)  # of a note: what makes it the same note again
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
            models.UniqueConstraint(fields=["incident", "kind", "recipient"], name="one_alert_per_kind_and_recipient"),
            models.UniqueConstraint(
                fields=["kind", "recipient", "key"], condition=~models.Q(key=""), name="one_note_per_key_and_recipient"
            ),
            models.CheckConstraint(
                condition=models.Q(incident__isnull=False, key="") | (models.Q(incident=None) & ~models.Q(key="")),
                name="alert_of_an_incident_or_a_note",
            ),
        ]
