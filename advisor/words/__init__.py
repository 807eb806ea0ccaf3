"""A result in words: page, preview, Markdown, JSON, frozen advice and command line all take them from here. Pure."""

from .because import because, given
from .headlines import headline, meaning
from .risk import if_wrong
from .sentences import (
    NOT_CONSIDERED,
    NOTES,
    TRIGGERS,
    WAYS_OUT,
    answer,
    contradiction,
    engine,
    holds,
    limit_state,
    note,
    strength,
    trigger,
    way_out,
)
from .summary import Summary, summary

__all__ = [
    "NOTES",
    "NOT_CONSIDERED",
    "TRIGGERS",
    "WAYS_OUT",
    "Summary",
    "answer",
    "because",
    "contradiction",
    "engine",
    "given",
    "headline",
    "holds",
    "if_wrong",
    "limit_state",
    "meaning",
    "note",
    "strength",
    "summary",
    "trigger",
    "way_out",
]
