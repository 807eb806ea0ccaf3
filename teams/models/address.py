"""Addresses of mail lists whose owners have not agreed yet."""

from datetime import datetime

from django.db import models

from .. import mailboxes
from .team import Team


class PendingAddress(models.Model):
    """An address that someone typed into a list of the team, until its owner confirms it. Without a row all is well."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="pending_addresses")
    address = models.CharField(max_length=254)  # in lower case
    asked_at = models.DateTimeField(null=True)  # when a link was last mailed to it; null: not yet

    class Meta:
        verbose_name = "address that waits for confirmation"
        verbose_name_plural = "addresses that wait for confirmation"
        ordering = ["address"]
        constraints = [models.UniqueConstraint(fields=["team", "address"], name="one_pending_address_per_team")]

    @property
    def wait_until(self) -> datetime | None:
        """Until when its mailbox gets no other link; None where one may be sent now."""
        return mailboxes.wait_until(self.address)
