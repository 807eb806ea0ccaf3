"""How a person wants times and colours shown."""

from django.contrib.auth.models import User
from django.db import models

from core.display import Display


class ShownAs(models.Model):
    """What a person chose of core.display.Display. Pages don't read it: signing in copies it into the session."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="shown_as")
    theme = models.CharField(max_length=8, blank=True)
    clock = models.CharField(max_length=2, blank=True)
    zone = models.CharField(max_length=64, blank=True)

    @property
    def display(self) -> Display:
        return Display(self.theme, self.clock, self.zone)
