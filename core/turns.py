"""Taking teams in turn, so that the work of one waits behind a few rows of another and never behind all of them."""

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber


def in_turn(rows: QuerySet, by: str, *order: str) -> QuerySet:
    """The rows with the first of each `by` first, then the second of each; within `by` and a round by `order`."""
    turn = Window(RowNumber(), partition_by=F(by), order_by=[*order])
    return rows.annotate(turn=turn).order_by("turn", *order)
