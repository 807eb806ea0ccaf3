"""What happened in the time that charts show: incidents, maintenance and silences, as bands with links."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Q
from django.urls import reverse

from ..display.time_charts import STEP
from ..display.time_span import Span
from ..models import Endpoint, Incident, MaintenanceWindow, Silence
from ..muting import windows

SHOWN = 60
"""Of each kind, the newest."""


@dataclass(frozen=True, slots=True)
class Band:
    """One stretch: where it lies in the plot, and the page about it."""

    kind: str  # down, degraded, maintenance, silence
    words: str
    href: str
    start: datetime
    end: datetime | None  # None: it is not over
    x: float
    width: float

    @property
    def clock(self) -> str:
        """The form of its times: with seconds where it lasted less than a minute."""
        return "exact" if self.end and (self.end - self.start).total_seconds() < 60 else "clock"


def bands(endpoint: Endpoint, span: Span) -> list[Band]:
    """Those that touch the span, by kind, then in order of time. `endpoint` with its state."""
    return [
        _band(span, *found)
        for kind in (_incidents, _maintenance, _silences)
        for found in sorted(kind(endpoint, span), key=lambda each: each[3])[-SHOWN:]
    ]


_Found = tuple[str, str, str, datetime, datetime | None]


def _incidents(endpoint: Endpoint, span: Span) -> Iterator[_Found]:
    not_over = Q(resolved_at=None) | Q(resolved_at__gt=span.starts_at)
    rows = Incident.objects.filter(not_over, endpoint=endpoint, began_at__lt=span.ends_at)
    for row in rows.only("pk", "status", "began_at", "resolved_at")[:SHOWN]:
        yield row.status, f"Incident #{row.pk}, {row.status}", row.get_absolute_url(), row.began_at, row.resolved_at


def _maintenance(endpoint: Endpoint, span: Span) -> Iterator[_Found]:
    mine = Q(endpoint=endpoint) | Q(endpoint=None, team=endpoint.team_id)
    for window in MaintenanceWindow.objects.filter(mine, starts_at__lt=span.ends_at):
        try:
            for start, end in windows.between(window, span.starts_at, span.ends_at):
                if start < span.ends_at and end > span.starts_at:
                    yield "maintenance", f"Maintenance: {window.name}", reverse("maintenance"), start, end
        except (ValueError, TypeError):
            continue  # the page of maintenance says what is wrong with it


def _silences(endpoint: Endpoint, span: Span) -> Iterator[_Found]:
    mine = Q(endpoint=endpoint) | Q(endpoint=None, engine__in=("", endpoint.state.engine or endpoint.engine))
    rows = Silence.objects.filter(mine, team=endpoint.team_id, starts_at__lt=span.ends_at, ends_at__gt=span.starts_at)
    for starts_at, ends_at in rows.values_list("starts_at", "ends_at"):
        yield "silence", "Silence", reverse("silences"), starts_at, ends_at


def _band(span: Span, kind: str, words: str, href: str, start: datetime, end: datetime | None) -> Band:
    wide = STEP * span.buckets
    low, high = (
        min(max((moment.timestamp() - span.start) / span.width * STEP, 0), wide)
        for moment in (start, end or datetime.now(UTC))
    )
    shown = max(high - low, wide / 200)  # wide enough to be hit
    return Band(kind, words, href, start, end, round(min(low, wide - shown), 1), round(shown, 1))
