"""Answers as they come in (links, forms, files) and as they go out again."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from advisor.catalogue import Catalogue, Question
from advisor.recommendation import Answers


def clean(raw: Mapping[str, Any], catalogue: Catalogue) -> tuple[Answers, list[str]]:
    """The answers among raw values, in the order of the form, and a sentence for everything that was ignored.

    A value is an option id, a list of them, or nothing (None, "" or an empty list: "don't know").
    """
    known = {question.id: question for question in catalogue.questions}
    ignored = [f"There is no question {_short(key)}, so it was ignored." for key in raw if key not in known]
    answers: dict[str, str | tuple[str, ...]] = {}
    for question in catalogue.questions:
        chosen = _chosen(question, raw.get(question.id), ignored)
        if chosen:
            answers[question.id] = chosen if question.many else chosen[0]
    return answers, ignored


def to_query(answers: Answers) -> str:
    """A query string that is the same for the same answers: by question id, with lists as repeated keys."""
    pairs = sorted((key, (value,) if isinstance(value, str) else tuple(value)) for key, value in answers.items())
    return urlencode([(key, option) for key, options in pairs for option in options])


def as_plain(answers: Answers) -> dict[str, Any]:
    """The answers as JSON keeps them: lists instead of tuples."""
    return {key: value if isinstance(value, str) else list(value) for key, value in answers.items()}


def _chosen(question: Question, value: Any, ignored: list[str]) -> tuple[str, ...]:
    """The options that a value names, once each, in the order of the catalogue."""
    values = list(_parts(value))
    options = [option.id for option in question.options]
    for part in values:
        if part not in options:
            ignored.append(f"The question {question.id} has no option {_short(part)}, so it was ignored.")
    chosen = tuple(option for option in options if option in values)
    if len(chosen) > 1 and not question.many:
        ignored.append(f"The question {question.id} takes one option, but has {len(chosen)}, so it was ignored.")
        return ()
    return chosen


def _parts(value: Any) -> Iterable[Any]:
    if value is None or value == "":
        return ()
    if isinstance(value, list | tuple):
        return (part for part in value if part not in (None, ""))
    return (value,)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return repr(text if len(text) <= 40 else text[:39] + "…")
