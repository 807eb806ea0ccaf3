"""The guide cut at its headings: what a search finds and links to."""

import re
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser

from .pages import PAGES, Page, rendered


@dataclass(frozen=True, slots=True)
class Passage:
    """What stands under one heading."""

    page: Page
    heading: str  # empty above the first one
    anchor: str
    text: str


@cache
def passages() -> tuple[Passage, ...]:
    """Every passage of the guide, in reading order."""
    found: list[Passage] = []
    for page in PAGES:
        splitter = _Splitter(page)
        splitter.feed(rendered(page).html)
        found += splitter.passages()
    return tuple(found)


class _Splitter(HTMLParser):
    """Cuts the HTML of a page at its headings of level 2 and 3."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.cuts: list[tuple[str, list[str], list[str]]] = [("", [], [])]  # (id, words of heading, words below)
        self.in_heading = self.in_citation = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a" and "title" in dict(attrs):
            self.in_citation = True
        if tag in ("h2", "h3"):
            self.cuts.append((dict(attrs).get("id") or "", [], []))
            self.in_heading = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("h2", "h3"):
            self.in_heading = False
        elif tag == "a":
            self.in_citation = False
        elif tag in ("p", "li", "td", "th", "pre"):
            self.cuts[-1][2].append(" ")

    def handle_data(self, data: str) -> None:
        if not self.in_citation:
            _, heading, text = self.cuts[-1]
            (heading if self.in_heading else text).append(data)

    def passages(self) -> list[Passage]:
        return [Passage(self.page, _line(heading), id, _line(text)) for id, heading, text in self.cuts if _line(text)]


def _line(parts: list[str]) -> str:
    text = " ".join("".join(parts).split())
    return re.sub(r" ([,.;:)])", r"\1", text)  # a citation stood between
