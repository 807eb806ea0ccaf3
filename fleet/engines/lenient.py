"""Reading values out of answers that may be odd: what is not what it should be is None, never an error."""

import re
from collections.abc import Iterator
from typing import Any

from .reading import Model

MOST_MODELS = 1000
"""Models kept per endpoint; a page, a row and a mail must stay readable."""

LIST_BYTES = 4 * 1024 * 1024
"""Bytes read of a list of models: some servers offer thousands."""

LONGEST_TEXT = 300


def text(value: Any) -> str | None:
    """A name or the like: a non-empty string, cut after 300 characters."""
    return value.strip()[:LONGEST_TEXT] or None if isinstance(value, str) else None


def whole(value: Any) -> int | None:
    """A count or a size: a non-negative whole number that fits 64 bits, also when it comes as a string."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,19}", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
    return value if fits else None


def mapping(value: Any) -> dict[str, Any]:
    """`value` when it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> Iterator[dict[str, Any]]:
    """The JSON objects in a list; anything else in it is passed over."""
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def texts(value: Any) -> tuple[str, ...]:
    return tuple(word for item in value if (word := text(item))) if isinstance(value, list) else ()


def keep(models: list[Model]) -> tuple[tuple[Model, ...], tuple[str, ...]]:
    """The first of each name, at most MOST_MODELS of them, and a warning when that leaves some out."""
    named = {model.name: model for model in reversed(models)}
    unique = [named[name] for name in dict.fromkeys(model.name for model in models)]
    if len(unique) <= MOST_MODELS:
        return tuple(unique), ()
    return tuple(unique[:MOST_MODELS]), (f"Showing {MOST_MODELS:,} of {len(unique):,} models.",)
