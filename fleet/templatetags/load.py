"""Load verdicts as pages show them: shape, words and colour."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ..evidence.verdict import FIRM, State, Verdict
from ..models import LoadVerdict
from .plimsoll import shape

register = template.Library()

_SHAPES = {
    State.NOT_ENOUGH: "unknown",
    State.OVERKILL: "asleep",
    State.DISAGREE: "degraded",
    State.TUNE_FIRST: "degraded",
    State.SATURATED: "busy",
    State.OUTGROWN: "down",
    State.CANNOT_MOVE: "down",
}
"""State -> whose shape it has; the others have that of "up"."""


@register.simple_tag
def load_word(state: str, limit: str | None = "") -> SafeString:
    """A state of a load verdict with its limit: "saturated: KV cache"."""
    words = f"{state}: {limit}" if limit else state
    drawn = shape(_SHAPES.get(State(state), "up") if state in list(State) else "unknown")
    return format_html(
        '<span class="status v-{}">{}<span class="word">{}</span></span>', state.replace(" ", "-"), drawn, words
    )


@register.filter
def how_sure(verdict: Verdict | LoadVerdict) -> str:
    """Whether the window before agreed, and how much there is to judge by."""
    firm = ["confirmed in two windows" if verdict.confirmed else "likely"] if verdict.state in FIRM else []
    return ", ".join([*firm, f"confidence {verdict.confidence}"])
