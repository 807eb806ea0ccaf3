"""What a sweep had to put off."""

from django.db import models


class PutOff(models.Model):
    """One item of a sweep that raised, and when it is tried again. See core.fence."""

    sweep = models.CharField(max_length=24)  # such as "digests"
    key = models.CharField(max_length=120)  # what makes it the same item again, within its sweep
    name = models.CharField(max_length=200)  # the item as people know it
    team = models.ForeignKey("teams.Team", null=True, on_delete=models.CASCADE, related_name="+")
    why = models.CharField(max_length=500)
    attempts = models.PositiveIntegerField(default=1)
    since = models.DateTimeField()
    tried_at = models.DateTimeField()
    next_try_at = models.DateTimeField(null=True)  # null: given up

    class Meta:
        verbose_name = "item put off"
        verbose_name_plural = "items put off"
        ordering = ["since", "pk"]
        constraints = [models.UniqueConstraint(fields=["sweep", "key"], name="one_item_per_sweep")]
