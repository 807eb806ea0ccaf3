"""Endpoints: added, checked, changed, paused and removed, by pages and by files alike."""

from .actions import FIELDS, add, change, look_now, pause, refusal, remove, resume, same_server, suggested_name

__all__ = [
    "FIELDS",
    "add",
    "change",
    "look_now",
    "pause",
    "refusal",
    "remove",
    "resume",
    "same_server",
    "suggested_name",
]
