"""Invitations to a team, which wait for an answer."""

from django.conf import settings
from django.db import models

from .team import Role, Team


class Invitation(models.Model):
    """An open invitation. It is deleted when it is accepted or withdrawn; only a hash of its link's token is kept."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=8, choices=Role)
    token_hash = models.CharField(max_length=64, unique=True)  # SHA-256 in hex
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["email"]
        constraints = [models.UniqueConstraint(fields=["team", "email"], name="one_invitation_per_team_and_address")]
