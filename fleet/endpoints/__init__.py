"""Endpoints: added, checked, changed, paused and removed, by pages and by files alike."""

from .actions import FIELDS, add, change, probe_now, refusal, remove, same_server, suggested_name
from .pausing import pause, resume

__all__ = [
    "FIELDS",
    "add",
    "change",
    "pause",
    "probe_now",
    "refusal",
    "remove",
    "resume",
    "same_server",
    "suggested_name",
]
