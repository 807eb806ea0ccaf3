"""Tables as CSV, which people open as spreadsheets."""

import csv
import io
from collections.abc import Iterable

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to spreadsheets, and people choose what they are called."""


def cell(text: str) -> str:
    """A text that people chose; what would be a formula begins with an apostrophe."""
    return f"'{text}" if text.startswith(FORMULA) else text


def rows(table: Iterable[Iterable[object]]) -> str:
    """The rows as CSV, each with its line end. None is an empty cell."""
    stream = io.StringIO()
    csv.writer(stream).writerows(table)
    return stream.getvalue()
