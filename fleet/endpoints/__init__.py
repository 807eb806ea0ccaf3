"""Endpoints: added, checked, changed, paused and removed, by pages and by files alike."""

from .actions import FIELDS, add, change, pause, probe_now, refusal, remove, resume, same_server, suggested_name

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
