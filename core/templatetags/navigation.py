"""The main menu."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag(takes_context=True)
def nav_link(context: dict[str, Any], name: str, label: str, *parts: str) -> SafeString:
    """A link to the page of that URL name, marked as current on all pages whose path begins with one of `parts`.

    Without `parts` that is the name itself. Error pages that have no request mark nothing.
    """
    path = context["request"].path_info if "request" in context else ""
    current = path.startswith("/") and path.split("/")[1] in (parts or (name,))
    page = format_html(' aria-current="{}"', "page") if current else ""
    return format_html('<a href="{}"{}>{}</a>', reverse(name), page, label)
