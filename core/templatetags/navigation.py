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

    Without `parts` that is the name itself. A part may also be the URL name of one page. Error pages that have no
    request mark nothing.
    """
    path = context["request"].path_info if "request" in context else ""
    here = {path.split("/")[1] if path.startswith("/") else None, _url_name(context)}
    return _link(name, label, bool(here.intersection(parts or (name,))))


@register.simple_tag(takes_context=True)
def tab_link(context: dict[str, Any], name: str, label: str, *others: str) -> SafeString:
    """A link to the page of that URL name, marked as current there and on the pages of the other URL names."""
    return _link(name, label, _url_name(context) in (name, *others))


def _url_name(context: dict[str, Any]) -> str | None:
    match = context["request"].resolver_match if "request" in context else None
    return match and match.view_name


def _link(name: str, label: str, current: bool) -> SafeString:
    page = format_html(' aria-current="{}"', "page") if current else ""
    return format_html('<a href="{}"{}>{}</a>', reverse(name), page, label)
