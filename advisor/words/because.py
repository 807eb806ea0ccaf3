"""The answers behind a line of a list, or behind a limit: "many callers, a product". Pure."""

from collections.abc import Iterable

from advisor.catalogue.values import Catalogue
from advisor.recommendation.effects import BIT, effects
from advisor.recommendation.values import Answers, chosen


def because(claim: str, answers: Answers, catalogue: Catalogue) -> str:
    """The answers that make an item hold, or that a limit rests on, in few words; empty without any."""
    asked = [question.id for question in catalogue.questions if claim in question.feeds]
    return given(asked, answers, catalogue, claim if claim[0] in "OV" else "")


def given(questions: Iterable[str], answers: Answers, catalogue: Catalogue, item: str = "") -> str:
    """The answers to some questions in few words; where an item is named, only those that make it hold."""
    known = {question.id: question for question in catalogue.questions}
    return ", ".join(
        option.short
        for question in (known[id] for id in questions)
        for option in question.options
        if option.id in chosen(answers, question.id)
        and (not item or effects({question.id: (option.id,) if question.many else option.id})[question.id] & BIT[item])
    )
