"""A result in words: page, preview, Markdown, JSON, frozen advice and command line all take them from here. Pure."""

from .headlines import headline, meaning
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
    "contradiction",
    "engine",
    "headline",
    "holds",
    "limit_state",
    "meaning",
    "note",
    "strength",
    "summary",
    "trigger",
    "way_out",
]
