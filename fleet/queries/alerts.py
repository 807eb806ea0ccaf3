"""The outbox, as far as people want to look into it."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator

from .. import alerts
from ..models import Alert

PER_PAGE = 25


@dataclass(frozen=True, slots=True)
class Letter:
    """An alert with its mail as it was or would be sent."""

    alert: Alert
    subject: str
    text: str


def listing(state: str = "", number: str | int = 1) -> Page:
    """One page of alerts, newest first, as Letters."""
    rows = Alert.objects.all()
    if state in Alert.State.values:
        rows = rows.filter(state=state)
    page: Page[Any] = Paginator(rows, PER_PAGE).get_page(number)
    page.object_list = [Letter(alert, alerts.subject(alert), alerts.render_text(alert)) for alert in page]
    return page
