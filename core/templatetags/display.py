"""The reader's theme, clock and time zone, for style sheets and scripts."""

from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from ..display import Display

register = template.Library()


@register.simple_tag(takes_context=True)
def display_attributes(context: dict[str, Any]) -> SafeString:
    """`data-theme`, `data-clock` and `data-zone` of <html>, those that were chosen. None on pages without a request."""
    chosen = Display.for_request(context["request"]) if "request" in context else Display()
    shown = (("theme", chosen.theme), ("clock", chosen.clock), ("zone", chosen.zone))
    return format_html_join("", ' data-{}="{}"', (pair for pair in shown if pair[1]))
