"""Words as people type them in a search: endings, spellings, and other names for the same thing."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unicodedata import normalize

import yaml

_WORDS: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
_STOP = frozenset(_WORDS["stop"].split())
_PHRASES = [(re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), word) for pattern, word in _WORDS["phrases"].items()]
_ENDINGS = re.compile(r"(?:i[sz]ations?|i[sz]e[ds]?|i[sz]ing|isms?|enc[ey]|ents?|ly|ings?|ers?|ed|es|s|e)$")
_SHORTEST = 4  # letters that must be left when an ending goes


def terms(text: str) -> list[str]:
    """The words of a text without what every sentence has, each without its ending: `serving` and `serves` are one."""
    return [stem(word) for word in plain_words(text) if word not in _STOP]


def asked(query: str) -> dict[str, str]:
    """The terms of a query and the word of each, with phrases such as "at the same time" as the word they stand for."""
    for pattern, word in _PHRASES:
        query = pattern.sub(word, query)
    return {stem(word): word for word in plain_words(query) if word not in _STOP}


def plain_words(text: str) -> list[str]:
    """The words of a text in small letters, without accents, cut at everything that is neither letter nor digit."""
    return re.findall(r"[a-z0-9]+", normalize("NFKD", text).encode("ascii", "ignore").decode().lower())


def stem(word: str) -> str:
    """The word without its ending, so that it is still a beginning of the word: `quantisation` gives `quant`."""
    shorter = _ENDINGS.sub("", word)
    if len(shorter) >= _SHORTEST:
        return shorter
    return word[:-1] if word.endswith("s") and len(word) > _SHORTEST - 1 else word


def _alike(groups: Iterable[str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for group in groups:
        members = terms(group)
        for member in members:
            found.setdefault(member, set()).update(members)
    return {word: frozenset(others - {word}) for word, others in found.items()}


ALIKE = _alike(_WORDS["alike"])
"""Other terms for a term, such as `price` for `cost`."""
