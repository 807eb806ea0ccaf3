"""Endpoints: added, checked, changed, paused and removed, by pages and by files alike."""

from .actions import New, add, add_each, change, probe_now, remove, same_server, suggested_name
from .fields import FIELDS, refusal
from .pausing import pause, resume

__all__ = [
    "FIELDS",
    "New",
    "add",
    "add_each",
    "change",
    "pause",
    "probe_now",
    "refusal",
    "remove",
    "resume",
    "same_server",
    "suggested_name",
]
