"""A result in words: page, preview, Markdown, JSON, frozen advice and command line all take them from here. Pure."""

from .because import because, given
from .headlines import headline, meaning
from .risk import if_wrong
from .sentences import (
    CONTRADICTIONS,
    ENGINES,
    NOT_CONSIDERED,
    NOTES,
    TRIGGERS,
    WAYS_OUT,
    answer,
    limit_state,
    strength,
    way_out,
)
from .summary import Summary, summary

__all__ = [
    "CONTRADICTIONS",
    "ENGINES",
    "NOTES",
    "NOT_CONSIDERED",
    "TRIGGERS",
    "WAYS_OUT",
    "Summary",
    "answer",
    "because",
    "given",
    "headline",
    "if_wrong",
    "limit_state",
    "meaning",
    "strength",
    "summary",
    "way_out",
]
