"""The audit trail. Rows are written once and never changed or deleted by code."""

from collections.abc import Iterable
from typing import Any

from django.db import models


class AppendOnly(Exception):
    """Someone tried to change or delete what is written."""


class _AppendOnlyRows(models.QuerySet["AuditEntry"]):
    def append(self, entries: Iterable["AuditEntry"]) -> None:
        """Writes new entries in one statement."""
        entries = list(entries)
        if any(entry.pk for entry in entries):
            raise AppendOnly("An entry with a number of its own would replace a row.")
        super().bulk_create(entries)  # type: ignore[arg-type]

    def update(self, **kwargs: Any) -> int:
        raise AppendOnly("Entries of the audit trail are not changed.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnly("Entries of the audit trail are not deleted.")

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        raise AppendOnly("Entries of the audit trail are not changed.")

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[Any]:
        raise AppendOnly("Entries of the audit trail are written by audit.record and audit.record_each.")

    def _raw_delete(self, using: str | None) -> int:
        raise AppendOnly("Entries of the audit trail are not deleted.")


class AuditEntry(models.Model):
    """One thing that someone did or was refused.

    People are kept by number alone, teams and objects by number and name: what is deleted takes nothing of the trail
    along, and who is deleted leaves no name in it.
    """

    at = models.DateTimeField(auto_now_add=True)
    actor_id = models.BigIntegerField(null=True)  # the person; null: nobody who is signed in
    via = models.CharField(max_length=80, blank=True)  # not a page: "manage.py apply", "token ci", "link in a mail"
    address = models.GenericIPAddressField(null=True)  # where the request came from
    team_id = models.BigIntegerField(null=True)  # null: the installation's
    team_name = models.CharField(max_length=80, blank=True)
    action = models.CharField(max_length=40)  # "endpoint.changed"; all are in teams/audit/trail.py
    object_id = models.BigIntegerField(null=True)
    object_name = models.CharField(max_length=200, blank=True)  # empty for people
    detail = models.JSONField(default=dict)  # what else is worth knowing, never a secret

    objects = _AppendOnlyRows.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        base_manager_name = "objects"  # so that Django itself has no other way to the rows
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            models.Index(fields=["team_id", "-at"], name="audit_by_team"),
            models.Index(fields=["actor_id", "-at"], name="audit_by_actor"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("Entries of the audit trail are not changed.")
        super().save(*args, **kwargs | {"force_insert": True})  # with a number of its own it would replace a row

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnly("Entries of the audit trail are not deleted.")
