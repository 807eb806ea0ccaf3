"""A team's saved answers."""

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse

from teams.models import Team


class Requirement(models.Model):
    """The answers of a team to the form. It may be changed at any time; decisions keep their own copy."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="requirements")
    name = models.CharField(max_length=120)
    answers = models.JSONField(default=dict)  # question id -> option id or a list of them; absent: don't know
    catalogue_version = models.CharField(max_length=20)  # the one the answers were last saved under
    version = models.PositiveIntegerField(default=1)  # moves with every save: a form knows when it is stale
    key = models.UUIDField(unique=True, default=uuid.uuid4)  # of the form that made it: posted twice, made once
    share_token = models.CharField(max_length=43, unique=True, null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-updated_at", "-pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("requirement", args=[self.pk])
