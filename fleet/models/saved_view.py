"""Saved views of the board."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from teams.models import Team


class SavedView(models.Model):
    """A name for what the board is asked for: a person's own, or a team's."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="saved_views"
    )  # null: the team's
    team = models.ForeignKey(Team, null=True, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000, blank=True)  # of the board's address
    words: str  # what that asks for, on a line; where pages list views

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(owner=None, team__isnull=False) | Q(owner__isnull=False, team=None), name="view_of_one"
            ),
            models.UniqueConstraint(fields=["owner", "name"], name="one_view_name_per_person"),
            models.UniqueConstraint(fields=["team", "name"], name="one_view_name_per_team"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("saved-view", args=[self.pk])


class UsualView(models.Model):
    """The view with which a person's board begins."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="usual_view"
    )
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="+")
