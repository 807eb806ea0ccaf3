"""Incidents and their stories."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F
from django.shortcuts import get_object_or_404
from django.utils.dateparse import parse_datetime

from .. import causes
from ..engines.registry import label
from ..models import Incident

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Filters:
    """What the incidents page is narrowed to; empty means all."""

    team: str = ""  # slug
    status: str = ""  # down, degraded
    state: str = ""  # open, resolved

    @property
    def any(self) -> bool:
        """Whether anything is filtered out."""
        return bool(self.team or self.status or self.state)


@dataclass(frozen=True, slots=True)
class Story:
    """One incident in words."""

    incident: Incident
    sentence: str
    advice: str
    seen_at: datetime | None
    seen: str  # "Ollama 0.9.3, qwen3:8b and 2 more"


def listing(filters: Filters, number: str | int = 1) -> Page:
    """One page of (incident, its cause in a few words), the open ones first, then the newest."""
    rows = Incident.objects.select_related("endpoint__team")
    if filters.team:
        rows = rows.filter(endpoint__team__slug=filters.team)
    if filters.status:
        rows = rows.filter(status=filters.status)
    if filters.state in ("open", "resolved"):
        rows = rows.filter(resolved_at__isnull=filters.state == "open")
    open_first = F("resolved_at").desc(nulls_first=True)
    page: Page[Any] = Paginator(rows.order_by(open_first, "-opened_at", "-pk"), PER_PAGE).get_page(number)
    page.object_list = [(incident, causes.short(incident.cause)) for incident in page]
    return page


def story(pk: int) -> Story:
    """An incident by its number, or Http404."""
    incident = get_object_or_404(Incident.objects.select_related("endpoint__team", "endpoint__state"), pk=pk)
    seen = incident.last_seen
    models = list(seen.get("models", ()))
    if more := seen.get("more_models"):
        models.append(f"{more} more")
    told = [
        " ".join(filter(None, (label(seen["engine"]) if seen.get("engine") else "", seen.get("version")))),
        *models,
    ]
    return Story(
        incident=incident,
        sentence=causes.sentence(incident.cause),
        advice=causes.advice(incident.cause),
        seen_at=parse_datetime(seen["at"]) if seen.get("at") else None,
        seen=", ".join(filter(None, told)),
    )
