"""The folder of the data: kept from other users of this machine, whoever made it and with whatever mode."""

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PRIVATE = re.compile(r"plimsoll\.sqlite3.*|(temp-)?[\w.-]+\.rdb|beat-schedule.*|secret_key.*|field_key.*|up\.lock")
"""The names of our files. Static files are left out: they are no secret."""

OUR_FOLDERS = {"static", "lost+found"}
"""The sub-folders that our data folder may have: the second one is in each new file system."""


def close_to_others(folder: Path, database: Path | None) -> Iterator[str]:
    """Takes the rights of other users from our files, and from the folder when it has nothing but our data.

    `database` is the file of SQLite. Yields a sentence for each change. What is another user's, a link, or not made by
    us stays as it is. Not to be used once the process has a connection: SQLite's locks end with any descriptor of its
    file.
    """
    mode = stat.S_IMODE(folder.stat().st_mode)
    if not _shared(folder) and _closed(folder, stat.S_ISDIR):
        yield f"The data folder {folder} was open to other users of this machine (mode {mode:o}); it is not any more."
    files = {path for path in folder.iterdir() if PRIVATE.fullmatch(path.name)}
    if database:  # it may be in another folder
        files |= {Path(f"{database}{end}") for end in ("", "-wal", "-shm")}
    if closed := [path.name for path in sorted(files) if _closed(path, stat.S_ISREG)]:
        yield f"Other users of this machine had rights to {', '.join(closed)} in {folder}; they have none any more."


def open_to_others(folder: Path) -> str:
    """A sentence while other users may list or change the folder; else ""."""
    found = folder.stat()
    if found.st_uid not in (os.getuid(), 0):
        return f"The data folder {folder} belongs to another user, who can replace what is in it. Give it to this one."
    if not (mode := stat.S_IMODE(found.st_mode) & 0o077):
        return ""
    return (
        f"Other users of this machine may {'change' if mode & 0o022 else 'list'} what is in the data folder {folder}. "
        "Plimsoll left it as it is, since it holds other things, too: choose a folder for Plimsoll alone "
        "(PLIMSOLL_DATA=...), or take their rights."
    )


def _shared(folder: Path) -> bool:
    """Whether it has more in it than our data, as somebody's home or a place for temporary files has."""
    states = [entry.lstat() for entry in folder.iterdir() if entry.name not in OUR_FOLDERS]
    return any(state.st_uid != os.getuid() or stat.S_ISDIR(state.st_mode) for state in states)


def _closed(path: Path, is_right_kind: Callable[[int], bool]) -> bool:
    """Whether others had rights to this file or folder of ours; they have none afterwards."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        found = os.fstat(descriptor)
        ours = found.st_uid == os.getuid() and is_right_kind(found.st_mode)
        linked = stat.S_ISREG(found.st_mode) and found.st_nlink > 1  # it may be anybody's file under our name
        if not ours or linked or not found.st_mode & 0o077:
            return False
        os.fchmod(descriptor, found.st_mode & 0o700)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def embedded_socket(data: Path) -> Path:
    """Where the embedded broker listens. Socket paths may have about 100 bytes: long ones get a stand-in."""
    path = data / "valkey.sock"
    if len(os.fsencode(path)) <= 100:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"plimsoll-{os.getuid()}-{name}" / "valkey.sock"
