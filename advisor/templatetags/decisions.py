"""Decisions on other apps' pages, and how their evidence is marked. Fleet's templates load it; its code may not."""

from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from fleet.models import Endpoint
from fleet.templatetags.plimsoll import clock, shape

from ..decisions.covered import engine_name
from ..evidence.values import State
from ..queries import evidence as queries

register = template.Library()

register.filter(engine_name)

TONES = {State.HOLDS: "up", State.STRAINED: "degraded", State.CONTRADICTED: "down", State.NOT_ENOUGH: "unknown"}
"""State -> the status whose colour and shape it has."""


@register.filter
def tone(state: str) -> str:
    """The status whose colour and shape the state of the evidence has."""
    return TONES.get(State(state), "unknown") if state in list(State) else "unknown"


@register.simple_tag
def evidence_mark(state: str, since: datetime | None = None) -> SafeString:
    """Shape and word of the evidence, with since when it has been so where `since` is given."""
    lasted = format_html(" since {}", clock(since)) if since else ""
    word = format_html('<span class="word">{}{}</span>', state, lasted)
    return format_html('<span class="status s-{}">{}{}</span>', tone(state), shape(tone(state)), word)


@register.inclusion_tag("advisor/_strip.html", takes_context=True)
def decision_strip(context: dict[str, Any], team: str = "") -> dict[str, Any]:
    """One card for each accepted decision of the reader's teams, or of the one with the slug `team`."""
    return {"strip": queries.strip(context["request"].user, team)}


@register.inclusion_tag("advisor/_touched.html", takes_context=True)
def decisions_touched(context: dict[str, Any], endpoint: Endpoint) -> dict[str, Any]:
    """The reader's accepted decisions that cover an endpoint."""
    return {"cards": queries.touched(context["request"].user, endpoint)}
