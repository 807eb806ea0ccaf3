"""What every view of the advisor does first: read the answers and compute the result."""

from datetime import date
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from .. import catalogue as catalogues
from ..recommendation import recommend
from ..recommendation.answers import clean
from ..recommendation.values import Answers
from .result import Result

OUR_OWN = {"asked", "csrfmiddlewaretoken", "version", "over", "name", "key", "team", "next"}
"""Names of form fields that are not questions."""


def read(query: QueryDict) -> tuple[Answers, list[str]]:
    """The answers in a query string or form, and a sentence for each thing that was ignored."""
    raw: dict[str, Any] = {key: query.getlist(key) for key in query if key not in OUR_OWN}
    return clean(raw, catalogues.load())


def result(answers: Answers, form_url: str = "", *, changes: bool = True, on: date | None = None) -> Result:
    """The result by today's catalogue, as of a day (today).

    Without `changes` it is quicker: the nearest changes and the ways out are left empty.
    """
    catalogue = catalogues.load()
    advice = recommend(answers, catalogue, changes=changes)
    return Result(answers, advice, catalogue, on or timezone.localdate(), form_url)
