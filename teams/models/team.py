"""Who owns what: teams and their members."""

from django.conf import settings
from django.db import models

from core.natural_order import Natural


class Role(models.TextChoices):
    """What a member may do. Each may do what those before it may."""

    VIEWER = "viewer"  # see everything of the team
    OPERATOR = "operator"  # endpoints, incidents, silences, requirements and decisions
    OWNER = "owner"  # members, where alerts go, tokens of the team, its deletion

    @property
    def and_above(self) -> list["Role"]:
        """This role and those that may do more."""
        roles = list(Role)
        return roles[roles.index(self) :]


class Team(models.Model):
    """The people who own endpoints, requirements and decisions."""

    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    mail_to = models.JSONField(default=list, blank=True)  # addresses that outages are sent to
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="teams")
    created_at = models.DateTimeField(auto_now_add=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = [Natural("name")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's place in a team."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "team"], name="one_membership_per_team"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_is_known"),
        ]
