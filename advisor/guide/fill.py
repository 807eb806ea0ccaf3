"""Fills the marks in a page's Markdown from the catalogue, so that the two can't drift apart. Pure.

`{{S06b; S08}}`    sections a claim rests on, with the date the article gives: only its dated passages have one
`{{today}}`        marks what was looked up for this guide and is not from the article
`[[O1]]`           a link to where that id is explained
`{{name words}}`   what the function of that name in `generated.py` makes
"""

import re

from advisor.catalogue import Catalogue

from . import generated
from .anchors import DATED, address

_CITATION = re.compile(r"S\d\d[ab]?")


def fill(template: str, catalogue: Catalogue) -> str:
    """The template with every mark replaced; raises KeyError for a mark nobody knows."""

    def mark(match: re.Match[str]) -> str:
        words = match[1].strip()
        if _CITATION.match(words):
            return " ".join(_citation(part.strip(), catalogue) for part in words.split(";"))
        name, _, argument = words.partition(" ")
        return generated.MARKS[name](catalogue, argument)

    text = re.sub(r"\{\{(.+?)\}\}", mark, template)
    return re.sub(r"\[\[([\w -]+?)\]\]", lambda match: f"[{match[1]}]({address(match[1], catalogue)})", text)


def _citation(words: str, catalogue: Catalogue) -> str:
    """One link such as "S06b, 16 April 2026". The lead (S00) has one dated sentence: `S00 dated` cites that."""
    section, *rest = words.split()
    dated = section in DATED or "dated" in rest
    place = " ".join([section, *(word for word in rest if word not in ("dated", "undated"))])
    when = "16 April 2026" if dated and "undated" not in rest else "undated"
    heading = next(known.heading for known in catalogue.sections if known.id == section)
    told = f"{heading}; " + ("dated by the article" if when != "undated" else "undated in the article")
    return f'[{place}, {when}]({address(section, catalogue)} "{told}")'
