"""What people were called before."""

from django.contrib.auth.models import User
from django.db import models


class FormerName(models.Model):
    """A user name that a person had. Nobody else gets it while the person is there: it stands in timelines."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="former_names")
    name = models.CharField(max_length=150, unique=True)

    class Meta:
        ordering = ["name"]
