"""The incidents that a list shows, as CSV."""

from datetime import datetime

from django.contrib.auth.models import User

from core.csv_text import cell, rows
from core.dates import second

from ..verdict import causes
from .incidents import Filters, matching

MOST = 10_000
"""Rows at most, the newest: a year of 27 incidents a day."""

HEADINGS = (
    "incident", "endpoint", "team", "worst status", "first cause", "began (UTC)", "resolved (UTC)", "downtime (s)",
    "outages", "flapping", "acknowledged by", "acknowledged (UTC)",
)  # fmt: skip


def as_csv(user: User, filters: Filters) -> str:
    """A heading and a row for each incident that the person may see, the newest first. What is open has no end."""
    table: list[tuple[object, ...]] = [HEADINGS]
    for row in matching(user, filters).order_by("-opened_at", "-pk")[:MOST]:
        table.append((
            row.pk, cell(row.endpoint.name), cell(row.endpoint.team.name), row.status, causes.short(row.cause),
            _moment(row.began_at), _moment(row.resolved_at), round(row.downtime.total_seconds()), row.outages,
            "yes" if row.flapping else "", cell(row.acknowledged_by), _moment(row.acknowledged_at),
        ))  # fmt: skip
    return rows(table)


def _moment(at: datetime | None) -> str:
    return second(at) if at else ""
