"""The shapes of the marks: what mutes an endpoint, and who is on it."""

from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

_LINE = 'fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"'
_SHAPES = {
    "acknowledged": f'<path d="M1.5 6.5 4.7 9.8 10.5 2.6" {_LINE}/>',
    "maintenance": '<path d="M10.6 2.9A2.9 2.9 0 0 1 6.9 6.6L3 10.5 1.5 9l3.9-3.9A2.9 2.9 0 0 1 9.1 1.4L7.5 3 9 4.5z"'
    f" {_LINE}/>",
    "silenced": f'<path d="M2.6 9h6.8M3.6 9V5.4a2.4 2.4 0 0 1 4.8 0V9M1.5 1.5l9 9" {_LINE}/>',
    "paused": f'<path d="M3.5 2v8M8.5 2v8" {_LINE}/>',
    "flapping": f'<path d="M.8 9 3.4 3l2.6 6 2.6-6 2.6 6" {_LINE}/>',
    "unverified": f'<path d="M3.9 5.3V3.6a2.1 2.1 0 0 1 4-.9M2.4 5.3h7.2v5H2.4z" {_LINE}/>',
    "unreadable": f'<path d="M2 2l8 8M10 2l-8 8" {_LINE}/>',
    **dict.fromkeys(
        ("blind", "not_probed"),
        f'<path d="M1 6s2-3.4 5-3.4S11 6 11 6 9 9.4 6 9.4 1 6 1 6zM2 10.5l8-9" {_LINE}/>',
    ),
}


@register.simple_tag
def mark_shape(kind: str) -> SafeString:
    """The shape of a mark; its words stand beside it."""
    drawn = _SHAPES.get(kind, "")
    return mark_safe(f'<svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">{drawn}</svg>')
