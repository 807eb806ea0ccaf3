"""Fills the marks in a page's Markdown from the catalogue, so that the two can't drift apart. Pure.

`{{S06b; S08}}`    sections a claim rests on, with the date the article gives: only its dated passages have one
`{{from redhat}}`  marks what is not in the article, with the source (of `sources.yaml`) and the date of what was read
`[[O1]]`           a link to where that id is explained
`{{name words}}`   what the function of that name in `generated.py` makes
"""

import re

from advisor.catalogue import Catalogue
from core.dates import day

from . import generated
from .anchors import DATED, address
from .sources import sources

_CITATION = re.compile(r"S\d\d[ab]?")


def fill(template: str, catalogue: Catalogue, beyond: bool = False) -> str:
    """The template with every mark replaced; raises KeyError for a mark or a source nobody knows.

    `beyond`: the page says at its head that nothing on it is in the article, so its marks need not.
    """

    def mark(match: re.Match[str]) -> str:
        words = match[1].strip()
        if _CITATION.match(words):
            return " ".join(_citation(part.strip(), catalogue) for part in words.split(";"))
        name, _, argument = words.partition(" ")
        if name == "from":
            source = sources()[argument]
            label = f"{source.name}, {day(source.date)}"
            if not beyond:
                label = f"not in the article: {label}"
            return f'[{label}](/guide/sources/#{argument} "Not in the article. Read in: {source.place}")'
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
    title = f"{heading}; " + ("dated by the article" if when != "undated" else "undated in the article")
    return f'[{place}, {when}]({address(section, catalogue)} "{title}")'
