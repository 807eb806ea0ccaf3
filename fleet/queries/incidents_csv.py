"""The incidents that a list shows, as CSV."""

import csv
import io
from datetime import UTC, datetime

from django.contrib.auth.models import User

from ..verdict import causes
from .incidents import Filters, matching
from .series_csv import cell

MOST = 10_000
"""Rows at most, the newest: a year of 27 incidents a day."""

HEADINGS = (
    "incident", "endpoint", "team", "worst status", "first cause", "began (UTC)", "resolved (UTC)", "downtime (s)",
    "outages", "flapping", "acknowledged by", "acknowledged (UTC)",
)  # fmt: skip


def as_csv(user: User, filters: Filters) -> str:
    """A heading and a row for each incident that the person may see, the newest first. What is open has no end."""
    stream = io.StringIO()
    table = csv.writer(stream)
    table.writerow(HEADINGS)
    for row in matching(user, filters).order_by("-opened_at", "-pk")[:MOST]:
        table.writerow([
            row.pk, cell(row.endpoint.name), cell(row.endpoint.team.name), row.status, causes.short(row.cause),
            _moment(row.began_at), _moment(row.resolved_at), round(row.downtime.total_seconds()), row.outages,
            "yes" if row.flapping else "", cell(row.acknowledged_by), _moment(row.acknowledged_at),
        ])  # fmt: skip
    return stream.getvalue()


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else ""
