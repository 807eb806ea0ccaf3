"""Whether the parts of a catalogue fit together."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date

from .values import UNDATED, Catalogue

GROUPS = ("who", "machines", "api", "load")
STATES = ("same", "changed")
ENGINES = ("ollama", "vllm")
RULES = {
    "SP": "two audiences",
    "E1": "the lone laptop",
    "T1": "the pain decides",
    "R1": "review later",
    "P1": "a Linux host first",
    "W1": "infrastructure nobody needed",
}
"""Rules of the method that questions feed besides items and limits."""


def inconsistencies(catalogue: Catalogue) -> list[str]:
    """A sentence for every id that is used twice, leads nowhere or is led to from nowhere, and for every odd value."""
    return [
        *_twice(catalogue),
        *_without_section(catalogue),
        *_questions(catalogue),
        *_options(catalogue),
        *_items(catalogue),
        *_limits(catalogue),
        *_facts(catalogue),
        *_versions(catalogue),
    ]


def _twice(catalogue: Catalogue) -> Iterable[str]:
    kinds = [
        [section.id for section in catalogue.sections],
        [question.id for question in catalogue.questions],
        [outcome.id for outcome in catalogue.outcomes],
        [fact.id for fact in catalogue.facts],
        [item.id for item in catalogue.items] + [limit.id for limit in catalogue.limits],
    ]
    for ids in kinds:
        for name, count in Counter(ids).items():
            if count > 1:
                yield f"The id {name} is used {count} times."


def _without_section(catalogue: Catalogue) -> Iterable[str]:
    known = {section.id for section in catalogue.sections}
    claims = [(question.id, question.sections) for question in catalogue.questions]
    claims += [(item.id, item.sections) for item in catalogue.items]
    claims += [(limit.id, limit.sections) for limit in catalogue.limits]
    claims += [(outcome.id, outcome.sections) for outcome in catalogue.outcomes]
    claims += [(fact.id, (fact.section,)) for fact in catalogue.facts]
    for name, sections in claims:
        if not sections:
            yield f"{name} names no section."
        for section in sections:
            if section not in known:
                yield f"{name} names the section {section}, which does not exist."


def _questions(catalogue: Catalogue) -> Iterable[str]:
    items = {item.id: item for item in catalogue.items}
    fed = {*items, *RULES, *(limit.id for limit in catalogue.limits)}
    for question in catalogue.questions:
        if question.group not in GROUPS:
            yield f"The question {question.id} is in the group {question.group}, which does not exist."
        if not question.feeds:
            yield f"The question {question.id} feeds nothing."
        for target in question.feeds:
            if target not in fed:
                yield f"The question {question.id} feeds {target}, which does not exist."
            elif target in items and question.id not in items[target].questions:
                yield f"The question {question.id} feeds {target}, which does not name it."


def _options(catalogue: Catalogue) -> Iterable[str]:
    for question in catalogue.questions:
        options = [option.id for option in question.options]
        if len(options) < 2:
            yield f"The question {question.id} needs at least two options."
        if len(set(options)) < len(options):
            yield f"The question {question.id} has an option twice."


def _items(catalogue: Catalogue) -> Iterable[str]:
    feeds = {question.id: question.feeds for question in catalogue.questions}
    for item in catalogue.items:
        if item.engine not in ENGINES:
            yield f"The item {item.id} speaks for {item.engine}, which is no engine here."
        if not item.questions:
            yield f"The item {item.id} has no question."
        for question in item.questions:
            if item.id not in feeds.get(question, ()):
                yield f"The item {item.id} names the question {question}, which does not feed it."
        for criterion in item.criteria:
            if not re.fullmatch(r"K\d\d", criterion):
                yield f"The item {item.id} names the criterion {criterion}, which is no K with two digits."


def _limits(catalogue: Catalogue) -> Iterable[str]:
    fed = {target for question in catalogue.questions for target in question.feeds}
    facts = {fact.id for fact in catalogue.facts}
    for limit in catalogue.limits:
        if limit.removes not in ENGINES:
            yield f"The limit {limit.id} removes {limit.removes}, which is no engine here."
        if limit.id not in fed:
            yield f"No question feeds the limit {limit.id}."
        for fact in limit.facts:
            if fact not in facts:
                yield f"The limit {limit.id} rests on the fact {fact}, which does not exist."
        if not limit.facts:
            yield f"The limit {limit.id} rests on no fact."


def _facts(catalogue: Catalogue) -> Iterable[str]:
    newest = max(day for _, day, _ in catalogue.changelog)
    for fact in catalogue.facts:
        if fact.state not in STATES:
            yield f"The fact {fact.id} has the state {fact.state}, which is none of: {', '.join(STATES)}."
        if fact.copy_date > fact.last_checked:
            yield f"The fact {fact.id} was checked {fact.last_checked} in a copy of {fact.copy_date}, which is later."
        if fact.last_checked > newest:
            yield f"The fact {fact.id} was checked on {fact.last_checked}, after the newest version ({newest})."
        if fact.state == "changed" and not fact.now:
            yield f"The fact {fact.id} changed, but does not say to what."
        if fact.article_date != UNDATED and not _is_date(fact.article_date):
            yield f"The fact {fact.id} has the article date {fact.article_date}, which is neither a date nor {UNDATED}."


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _versions(catalogue: Catalogue) -> Iterable[str]:
    versions = [version for version, _, _ in catalogue.changelog]
    if catalogue.version not in versions:
        yield f"The version {catalogue.version} has no line in the change log."
    if len(set(versions)) < len(versions):
        yield "A version has two lines in the change log."
    days = [day for _, day, _ in catalogue.changelog]
    if days != sorted(days, reverse=True):
        yield "The change log is not newest first."
