"""Markdown to HTML that is safe to show, whoever wrote it.

Two locks: Markdown is set to take HTML for plain text, and what it makes is cleaned by an allow list.
"""

import re
from dataclasses import dataclass
from html import escape, unescape
from typing import Any

import nh3
from markdown import Markdown
from markdown.extensions.tables import TableExtension
from markdown.extensions.toc import TocExtension

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_TAGS = {"a", "blockquote", "br", "code", "del", "em", "hr", "li", "ol", "p", "pre", "strong", "ul", *_HEADINGS}
_TABLE_TAGS = {"table", "tbody", "td", "th", "thead", "tr"}
_ATTRIBUTES = {"a": {"href", "title"}, "code": {"class"}, "td": {"align"}, "th": {"align"}, "ol": {"start"}}
_PAGE_ATTRIBUTES = {**_ATTRIBUTES, "a": {"href", "title", "class"}, **{tag: {"id"} for tag in _HEADINGS}}
_BRACKETS = 1000  # searching the end of a link takes time by the square of the brackets
_SCHEMES = {"http", "https", "mailto"}


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a page: what its table of contents lists."""

    level: int
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page of the guide as HTML, with its headings in order."""

    html: str
    headings: tuple[Heading, ...]


def render(markdown_text: str) -> str:
    """The HTML of somebody's Markdown. HTML in it is shown as text, links may only go to http, https and mail.

    Headings start at level 3, since the text stands inside a page; they have no ids, so they can't pass for its parts.
    """
    try:
        if markdown_text.count("[") > _BRACKETS:
            return _as_typed(markdown_text)
        html = _markdown(TocExtension(baselevel=3)).convert(markdown_text)
    except RecursionError:  # lists in lists in lists, hundreds deep
        return _as_typed(markdown_text)
    return _frame_wide_parts(_clean(html, _ATTRIBUTES, "noopener noreferrer nofollow"))


def _as_typed(text: str) -> str:
    return f'<pre tabindex="0">{escape(text)}</pre>'


def render_page(markdown_text: str) -> Rendered:
    """A page of our own: headings have ids and link to themselves."""
    converter = _markdown(TocExtension(anchorlink=True, toc_depth="2-3"), "attr_list")
    html = _clean(converter.convert(markdown_text), _PAGE_ATTRIBUTES, "noopener noreferrer")
    html = html.replace("<li>☐ ", '<li class="to-check">')  # the box takes the place of the bullet
    return Rendered(_frame_wide_parts(html), tuple(_flat(getattr(converter, "toc_tokens", []))))


def _markdown(toc: TocExtension, *more: str) -> Markdown:
    tables = TableExtension(use_align_attribute=True)  # a style attribute would break the page's CSP
    converter = Markdown(extensions=[tables, "fenced_code", "sane_lists", toc, *more])
    converter.preprocessors.deregister("html_block")
    converter.inlinePatterns.deregister("html")
    for image in ("image_link", "image_reference", "short_image_ref"):  # a picture from elsewhere reveals who reads
        converter.inlinePatterns.deregister(image)
    return converter


def _clean(html: str, attributes: dict[str, set[str]], rel: str) -> str:
    return nh3.clean(
        html,
        tags=_TAGS | _TABLE_TAGS,
        attributes=attributes,
        attribute_filter=_only_code_classes,
        url_schemes=_SCHEMES,
        link_rel=rel,
    )


def _only_code_classes(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        return " ".join(word for word in value.split() if re.match(r"language-|toclink$", word)) or None
    return value


def _frame_wide_parts(html: str) -> str:
    """What may be wider than a phone scrolls by itself, with the keyboard too."""
    html = html.replace("<pre>", '<pre tabindex="0">')
    frame = '<div class="table-wrap" tabindex="0" role="group" aria-label="Table"><table class="table">'
    return html.replace("<table>", frame).replace("</table>", "</table></div>")


def _flat(tokens: list[dict[str, Any]]) -> list[Heading]:
    headings: list[Heading] = []
    for token in tokens:
        headings += [Heading(token["level"], token["id"], unescape(token["name"])), *_flat(token["children"])]
    return headings
