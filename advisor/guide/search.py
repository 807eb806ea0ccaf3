"""Search in the guide: a small index in memory, made from the pages once."""

import re
from dataclasses import dataclass
from functools import cache
from html import escape
from html.parser import HTMLParser

from .pages import PAGES, Page, rendered

_TITLE, _HEADING, _TEXT, _PHRASE = 8, 5, 1, 6  # points of a hit; a phrase counts more than its words
_EXCERPT = 180  # characters
_MOST = 25  # results


@dataclass(frozen=True, slots=True)
class Passage:
    """What stands under one heading."""

    page: Page
    heading: str  # empty above the first one
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that fits, and why."""

    passage: Passage
    score: float
    excerpt: str  # HTML: escaped, with <mark> around what was found


def search(query: str) -> list[Hit]:
    """The passages that have every word of the query, best first. A word also finds the longer words it begins."""
    words = re.findall(r"\w+", query.lower())[:10]
    if not words:
        return []
    hits = [hit for passage in passages() if (hit := _hit(passage, words))]
    return sorted(hits, key=lambda hit: -hit.score)[:_MOST]


def _hit(passage: Passage, words: list[str]) -> Hit | None:
    score = 0.0
    for word in words:
        pattern = re.compile(rf"\b{re.escape(word)}", re.IGNORECASE)
        in_text = len(pattern.findall(passage.text))
        points = (
            _TITLE * bool(pattern.search(passage.page.title))
            + _HEADING * bool(pattern.search(passage.heading))
            + _TEXT * min(in_text, 5)
        )
        if not points:
            return None
        score += points
    phrase = r"\W+".join(map(re.escape, words))
    score += _PHRASE * bool(re.search(phrase, f"{passage.heading}\n{passage.text}", re.IGNORECASE))
    return Hit(passage, score, _excerpt(passage.text, words))


def _excerpt(text: str, words: list[str]) -> str:
    pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, words)) + r")\w*", re.IGNORECASE)
    found = pattern.search(text)
    start = max(0, (found.start() if found else 0) - _EXCERPT // 3)
    if start:
        start = text.find(" ", start) + 1
    piece = text[start : start + _EXCERPT]
    if start + _EXCERPT < len(text):
        piece = piece.rsplit(" ", 1)[0] + " …"
    return _marked(("… " if start else "") + piece, pattern)


def _marked(text: str, pattern: re.Pattern[str]) -> str:
    parts = []
    end = 0
    for match in pattern.finditer(text):
        parts += [escape(text[end : match.start()]), f"<mark>{escape(match[0])}</mark>"]
        end = match.end()
    return "".join([*parts, escape(text[end:])])


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
        return [
            Passage(self.page, _line(heading), id, _line(text))
            for id, heading, text in self.cuts
            if heading or _line(text)
        ]


def _line(parts: list[str]) -> str:
    return " ".join("".join(parts).split())
