"""API tokens: what a program shows instead of a person's sign-in."""

from django.conf import settings
from django.db import models

from .team import Team


class Scope(models.TextChoices):
    """What a token is good for."""

    STATUS = "status:read", "read the status of endpoints"
    METRICS = "metrics:read", "read Plimsoll's own metrics"


class ApiToken(models.Model):
    """A token of a person, who it acts for, or of a team, whose endpoints it sees. Only its hash is kept."""

    name = models.CharField(max_length=60)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="api_tokens")
    team = models.ForeignKey(Team, null=True, on_delete=models.CASCADE, related_name="api_tokens")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    scopes = models.JSONField()  # values of Scope
    start = models.CharField(max_length=12)  # its first characters, to distinguish tokens
    token_hash = models.CharField(max_length=64, unique=True)  # SHA-256 in hex: a long random token needs no salt
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)  # to the minute

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=True) ^ models.Q(team__isnull=True), name="token_of_a_person_or_a_team"
            )
        ]
