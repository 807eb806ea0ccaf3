"""Saved views of the board: kept, renamed, deleted, and the one that a person's board begins with."""

from .actions import begin_with, delete, listing, rename, save

__all__ = ["begin_with", "delete", "listing", "rename", "save"]
