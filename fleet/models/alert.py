"""The outbox: alerts, and the messages that carry them."""

from datetime import time

from django.db import models

from core.encryption import EncryptedTextField
from teams.models import Team

from .incident import Incident


class Channel(models.TextChoices):
    """The ways a message can take."""

    MAIL = "mail"
    APPRISE = "apprise"
    WEBHOOK = "webhook"


class Message(models.Model):
    """One mail, or one call of a channel, that carries alerts to one recipient. Marked sent after it was taken."""

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        SENT = "sent", "sent"
        NO_SERVER = "no_server", "not sent: no mail server is set"
        GIVEN_UP = "given_up", "given up"
        DROPPED = "unwanted", "dropped: nobody is to get it any more"

    class Try(models.TextChoices):
        """How the last try ended. What the message itself causes is nobody else's trouble."""

        NONE = "", "not tried yet"
        RUNNING = "running", "running"  # or its worker died; next_try_at is the end of its lease
        UNREACHED = "unreached", "nobody answered in time"
        REFUSED = "refused", "refused, which may be for any message"
        OWN = "own", "its address was refused, or it could not be made"

    team = models.ForeignKey(Team, null=True, on_delete=models.CASCADE, related_name="messages")
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.MAIL)
    recipient = models.CharField(max_length=254)  # an address; for a channel of the team its kind: "webhook"
    created_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State, default=State.WAITING, db_index=True)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, db_index=True)  # null once nothing is left to do
    sent_at = models.DateTimeField(null=True)
    last_try = models.CharField(max_length=10, choices=Try, default=Try.NONE, blank=True)
    error = models.CharField(max_length=500, blank=True)  # what the last try was answered
    facts = models.JSONField(default=dict)  # what was known of all its alerts together when they were gathered

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["sent_at"], name="message_sent_at")]


class Alert(models.Model):
    """What one recipient is to be sent: about an incident, or a note. Written with what it is about, sent later."""

    class Kind(models.TextChoices):
        DOWN = "down"
        DEGRADED = "degraded"
        RECOVERED = "recovered"
        UNWATCHED = "unwatched"  # nobody will learn whether it is over: paused, removed, or its URL was changed
        REMINDER = "reminder"
        ESCALATED = "escalated"
        REVIEW = "review"  # a note: something the team decided is to be reviewed
        DIGEST = "digest"  # a note: what changed since the last one
        MONITOR = "monitor"  # a note: the watch itself was in trouble
        TEST = "test"  # a note: someone wants to see whether it arrives

    incident = models.ForeignKey(
        Incident, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="alerts"
    )  # its number stays when it was removed with its endpoint: messages keep what they said
    team = models.ForeignKey(Team, null=True, on_delete=models.CASCADE, related_name="alerts")
    key = models.CharField(max_length=120, blank=True)  # of a note: what makes it the same note again
    kind = models.CharField(max_length=12, choices=Kind)
    round = models.PositiveSmallIntegerField(default=0)  # the n-th of its kind in its incident, from 0
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.MAIL)
    recipient = models.CharField(max_length=254)
    facts = models.JSONField()  # what the message says, frozen when it was written
    created_at = models.DateTimeField()
    hold_until = models.DateTimeField(null=True)  # quiet hours: not gathered before
    message = models.ForeignKey(Message, null=True, on_delete=models.CASCADE, related_name="alerts")
    over_limit = models.BooleanField(default=False)  # MAILS_PER_HOUR holds it back, or held it until its message
    dropped = models.CharField(max_length=80, blank=True)  # why it is not sent after all

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["created_at"], condition=models.Q(message=None, dropped=""), name="alert_not_gathered")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "kind", "round", "channel", "recipient"], name="one_alert_per_kind_and_recipient"
            ),
            models.UniqueConstraint(
                fields=["kind", "channel", "recipient", "key"],
                condition=~models.Q(key=""),
                name="one_note_per_key_and_recipient",
            ),
            models.CheckConstraint(
                condition=models.Q(incident__isnull=False, key="") | (models.Q(incident=None) & ~models.Q(key="")),
                name="alert_of_an_incident_or_a_note",
            ),
        ]


class AlertPolicy(models.Model):
    """A team's notifications. A team without a row has these defaults."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, primary_key=True, related_name="alert_policy")
    remind_every = models.PositiveSmallIntegerField(default=4)  # hours; 0: never
    escalate_to = models.JSONField(default=list, blank=True)  # addresses
    escalate_after = models.PositiveSmallIntegerField(default=30)  # minutes without an acknowledgement
    quiet_from = models.TimeField(null=True, blank=True)  # in time_zone; both or none
    quiet_to = models.TimeField(null=True, blank=True)
    digest_at = models.TimeField(default=time(8))  # in time_zone
    time_zone = models.CharField(max_length=64, default="UTC")
    apprise_url = EncryptedTextField(blank=True, default="")
    webhook_url = EncryptedTextField(blank=True, default="")
    apprise_tags = models.JSONField(default=list, blank=True)  # gets only what has one of these tags; empty: all
    webhook_tags = models.JSONField(default=list, blank=True)
    webhook_secret = EncryptedTextField(blank=True, default="")  # signs the webhook's body


class Recipient(models.Model):
    """What became of mail to one address of a team, and what it wants. Without a row all is well, and it gets all."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="recipients")
    address = models.CharField(max_length=254)
    unsubscribed_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)  # the mail server said that there is no such address
    bounce = models.CharField(max_length=500, blank=True)  # its words
    only_tags = models.JSONField(default=list, blank=True)  # as AlertPolicy.apprise_tags

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "address"], name="one_recipient_per_team")]
