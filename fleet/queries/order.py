"""In which order endpoints stand for a reader: what needs attention first, then the rest by team and name."""

from typing import Any

from django.db.models import Case, F, IntegerField, Q, Value, When
from django.db.models.functions import Lower

from ..access import Reader
from ..verdict.status import Status
from .marks import CALMING

NEEDS_ATTENTION = (Status.DOWN, Status.DEGRADED, Status.BUSY)
TROUBLED = Q(status__in=NEEDS_ATTENTION)
KNOWN = Q(marks__has_any_keys=[*CALMING])
"""Trouble that somebody acknowledged, or that is muted."""

_URGENCY = Case(
    *(When(status=status, then=Value(rank)) for rank, status in enumerate(NEEDS_ATTENTION)),
    default=Value(len(NEEDS_ATTENTION)),
    output_field=IntegerField(),
)


def by_urgency(reader: Reader) -> list[Any]:
    """To order states by: trouble that nobody acknowledged, other trouble, the rest; the reader's own teams first.

    Trouble stands by severity, the newest first; the rest by team and name.
    """
    return [
        Case(When(TROUBLED & KNOWN, then=Value(1)), When(TROUBLED, then=Value(0)), default=Value(2)),
        Case(When(endpoint__team__in=reader.member_of, then=Value(0)), default=Value(1)),
        _URGENCY,
        Case(When(TROUBLED, then=F("since"))).desc(nulls_last=True),
        Lower("endpoint__team__name"),
        Lower("endpoint__name"),
    ]
