"""Where in the guide each id of the catalogue is explained."""

import re
from dataclasses import dataclass

from advisor.catalogue import Catalogue

DATED = ("S06a", "S06b")  # sections that the article dates as a whole; of the lead, S00, one sentence


@dataclass(frozen=True, slots=True)
class SectionLink:
    """A section of the article, and where the guide is about it."""

    id: str
    heading: str
    url: str


def address(id: str, catalogue: Catalogue) -> str:
    """The path of an id, such as `/guide/criteria/#o1`. "S01 r5" is row 5 of S01 and leads to S01."""
    word = id.split()[0]
    return f"/guide/{_page(word, catalogue)}/#{word.lower()}"


def _page(word: str, catalogue: Catalogue) -> str:
    if re.fullmatch(r"S\d\d[a-z]?", word):
        return "sections"
    if word in {question.id for question in catalogue.questions}:
        return "questions"
    if word in {fact.id for fact in catalogue.facts}:
        return "facts"
    return "criteria"
