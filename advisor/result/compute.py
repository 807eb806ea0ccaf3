"""What every view of the advisor does first: read answers, compute, tell."""

from typing import Any

from django.http import QueryDict
from django.utils import timezone

from .. import catalogue as catalogues
from ..catalogue.values import Catalogue
from ..recommendation import recommend
from ..recommendation.answers import clean
from ..recommendation.values import Answers, Recommendation
from .page import ResultPage, Teller

OUR_OWN = {"asked", "csrfmiddlewaretoken", "version", "over", "name", "key", "team", "next"}
"""Names of form fields that are not questions."""


def read(query: QueryDict) -> tuple[Answers, list[str]]:
    """The answers in a query string or form, and a sentence for each thing that was ignored."""
    raw: dict[str, Any] = {key: query.getlist(key) for key in query if key not in OUR_OWN}
    return clean(raw, catalogues.load())


def advise(answers: Answers, changes: bool = True) -> tuple[Recommendation, Catalogue]:
    """The recommendation on today's catalogue; without `changes` it is quicker."""
    catalogue = catalogues.load()
    return recommend(answers, catalogue, changes=changes), catalogue


def result(answers: Answers, form_url: str, changes: bool = True) -> ResultPage:
    """The result as a page tells it today; its Change links open the form at `form_url`."""
    advice, catalogue = advise(answers, changes)
    return Teller(answers, advice, catalogue, form_url).page(timezone.localdate())
