"""A team's other results beside one, and where their answers differ."""

from dataclasses import dataclass

from .. import catalogue as catalogues
from .. import words
from ..models import Requirement
from ..recommendation import recommend
from ..recommendation.answers import clean
from ..recommendation.values import Answers, Verdict
from .requirements import earlier


@dataclass(frozen=True, slots=True)
class EarlierResult:
    """What another requirement of the team comes to on today's catalogue."""

    requirement: Requirement
    verdict: Verdict
    headline: str
    differences: list[str]  # questions, in words


def earlier_results(requirement: Requirement, answers: Answers) -> list[EarlierResult]:
    """The team's other requirements, the last changed first."""
    return [_result(each, answers) for each in earlier(requirement)]


def differing(answers: Answers, others: Answers) -> list[str]:
    """The questions that were answered in another way."""
    questions = catalogues.load().questions
    return [question.text for question in questions if answers.get(question.id) != others.get(question.id)]


def _result(other: Requirement, answers: Answers) -> EarlierResult:
    catalogue = catalogues.load()
    theirs = clean(other.answers, catalogue)[0]
    advice = recommend(theirs, catalogue, changes=False)
    verdict = Verdict(advice.outcome, advice.strength)
    return EarlierResult(other, verdict, words.ENGINES[advice.outcome], differing(answers, theirs))
