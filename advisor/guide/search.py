"""Search in the guide that forgives typing errors and other names: an index in memory, made from the pages once."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import pairwise
from math import log

from rapidfuzz import process
from rapidfuzz.distance import OSA

from .passages import Passage, passages
from .vocabulary import ALIKE, asked, plain_words, stem, terms

_TITLE, _HEADING = 1.5, 4  # points of a word that stands there; in a text it has 1 from its third use on
_PREFIX, _ALIKE, _TYPO = 0.9, 0.6, 0.75  # what a match is worth that is not the word itself
_CLOSE = 0.7  # share of letters that a wrongly typed word has in common with the right one
_ENOUGH = 0.5  # share of the query's words that a passage must have
_PAGES = {"faq": 1.6, "sources": 0.3, "facts": 0.8}  # somebody who types a question is best served by its answer
_NUMBER = 0.3  # "50 users" is about users; 503 and 7900 still find their passages
_EXCERPT = 180  # characters
_MOST = 25  # results


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that fits, and why."""

    passage: Passage
    score: float
    excerpt: str  # HTML: escaped, with <mark> around what was found


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, and how it read the query."""

    hits: tuple[Hit, ...] = ()
    read_as: tuple[tuple[str, str], ...] = ()  # (word as typed, word of the guide that it was taken for)
    missing: tuple[str, ...] = ()  # words that the guide has nothing for


@dataclass(frozen=True, slots=True)
class _Index:
    places: tuple[tuple[Passage, Mapping[str, float]], ...]  # points of every term of a passage
    rarity: Mapping[str, float]
    words: Mapping[str, str]  # a term -> its most common whole word


@cache
def _index() -> _Index:
    places = []
    spelled: dict[str, Counter[str]] = {}
    for passage in passages():
        points: dict[str, float] = {term: min(n, 3) / 3 for term, n in Counter(terms(passage.text)).items()}
        joined = (stem("".join(pair)) for pair in pairwise(plain_words(passage.heading)))  # who types "kvcache"
        for term in {*terms(passage.heading), *asked(passage.heading), *joined}:
            points[term] = points.get(term, 0) + _HEADING
        for term in set(terms(passage.page.title)):
            points[term] = points.get(term, 0) + _TITLE
        places.append((passage, points))
        for word in plain_words(f"{passage.page.title} {passage.heading} {passage.text}"):
            spelled.setdefault(stem(word), Counter())[word] += 1
    uses = Counter(term for _, points in places for term in points)
    rarity = {term: log(1 + len(places) / used) for term, used in uses.items()}
    words = {term: counted.most_common(1)[0][0] for term, counted in spelled.items() if term in rarity}
    return _Index(tuple(places), rarity, words)


def search(query: str) -> Found:
    """The passages that have most of the query, best first, at most 25.

    A word also finds the longer words it begins and its synonyms; where there are none, the word spelled most like it.
    """
    index = _index()
    wanted: list[dict[str, float]] = []
    read_as, missing = [], []
    for term, typed in list(asked(query).items())[:12]:
        matches = _known(term, index)
        if not matches and (close := _closest(term, index)):
            matches = {other: worth * _TYPO for other, worth in _known(close, index).items()}
            read_as.append((typed, index.words.get(close, close)))
        if matches:
            wanted.append(matches)
        else:
            missing.append(typed)
    scored = [
        (_score(points, wanted, index) * _PAGES.get(passage.page.slug, 1), passage)
        for passage, points in index.places
        if wanted
    ]
    best = sorted((pair for pair in scored if pair[0]), key=lambda pair: -pair[0])[:_MOST]
    least = best[0][0] / 4 if best else 0
    found = {term for matches in wanted for term in matches}
    hits = tuple(Hit(passage, score, _excerpt(passage.text, found)) for score, passage in best if score >= least)
    return Found(hits, tuple(read_as), tuple(missing))


def _closest(term: str, index: _Index) -> str | None:
    """The known term that is spelled most like one that is not known."""
    if len(term) < 3:
        return None
    found = process.extractOne(term, [*index.words, *ALIKE], scorer=OSA.normalized_similarity, score_cutoff=_CLOSE)
    return found[0] if found else None


def _known(word: str, index: _Index) -> dict[str, float]:
    """The terms of the guide that a word stands for, with what each is worth."""
    names = [name for name in ALIKE if name == word or (len(word) > 4 and name.startswith(word))]
    matches = {term: _ALIKE for name in names for term in ALIKE[name] if term in index.rarity}
    if len(word) > 2:
        matches |= {term: _PREFIX for term in index.words if term.startswith(word)}
    matches |= {word: 1.0} if word in index.rarity else {}
    return {term: worth * _NUMBER for term, worth in matches.items()} if word.isdigit() else matches


def _score(points: Mapping[str, float], wanted: list[dict[str, float]], index: _Index) -> float:
    """The points of a passage, fewer for each word of the query that it lacks; 0 when it lacks more than half."""
    total = had = 0.0
    for matches in wanted:
        got = [points[term] * index.rarity[term] * worth for term, worth in matches.items() if term in points]
        total += max(got, default=0)
        had += bool(got) * max(matches.values())
    share = had / sum(max(matches.values()) for matches in wanted)
    return total * share if share >= _ENOUGH else 0


def _excerpt(text: str, found: set[str]) -> str:
    pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, sorted(found, key=len, reverse=True))) + r")\w*", re.I)
    first = pattern.search(text)
    start = max(0, (first.start() if first else 0) - _EXCERPT // 3)
    if start:
        start = text.find(" ", start) + 1
    piece = text[start : start + _EXCERPT]
    if start + _EXCERPT < len(text):
        piece = piece.rsplit(" ", 1)[0] + " …"
    text = ("… " if start else "") + piece
    parts = []
    end = 0
    for match in pattern.finditer(text):
        parts += [escape(text[end : match.start()]), f"<mark>{escape(match[0])}</mark>"]
        end = match.end()
    return "".join([*parts, escape(text[end:])])
