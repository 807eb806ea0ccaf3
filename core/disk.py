"""A full disk, so that it is named wherever it shows."""

import os
from pathlib import Path

MESSAGES = ("database or disk is full", "No space left on device", "Disk quota exceeded")
"""Parts of the errors of SQLite, PostgreSQL and the system."""

LEAST = 2 << 20
"""Bytes that must be free: less is used up before anybody could read about it."""

FULL = "The disk is full, so nothing can be stored: nothing is watched, and nothing is mailed."

REMEDY = "Free space on the disk of the data folder and of the database: all goes on by itself then."


def is_about_full_disk(error: BaseException | None) -> bool:
    """Whether this error, or one that it came from, is about a full disk."""
    while error is not None:
        if any(message in str(error) for message in MESSAGES):
            return True
        error = error.__cause__ or error.__context__
    return False


def is_full(folder: Path) -> bool:
    """Whether the disk with this folder has no room left for this user."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    blocks = found.f_bfree if os.getuid() == 0 else found.f_bavail
    return blocks * found.f_frsize < LEAST
