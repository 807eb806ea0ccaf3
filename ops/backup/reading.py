"""A backup file, read with suspicion: whatever is wrong with it becomes a sentence."""

import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from config import key_files

FORMAT = 1
MANIFEST = "manifest.json"
KEYS = "keys/"

LONGEST_LINE = 4 << 20
"""Bytes of one row. What people can send in a form is less than half of it."""

LARGEST_MANIFEST = 1 << 20
MOST_PACKED = 50
"""How many times as large as in the file a table may be. Ours are about ten times, a zip bomb a thousand times."""

SMALL = 32 << 20
"""Bytes up to which a table may be packed as it likes."""

# What the standard library says to bytes that are not what they should be.
DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, TypeError, RuntimeError, OverflowError,
    NotImplementedError,
)  # fmt: skip


class Refused(Exception):
    """It can't be done, and nothing was changed. The text says why, and what to do."""


@dataclass
class Manifest:
    """What a backup says of itself."""

    made_at: str  # ISO 8601
    history: bool  # whether readings and roll-ups are in it
    migrations: dict[str, list[str]]  # by app
    columns: dict[str, list[str]]  # by table
    rows: dict[str, int] = field(default_factory=dict)  # by table
    format: int = FORMAT


def member(label: str) -> str:
    """Where the rows of a table are in the zip."""
    return f"rows/{label}.jsonl"


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The file as a zip. Raises Refused when it is none; a truncated one has lost its end and is none."""
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise Refused(f"{path} can't be read: {error.strerror or error}.") from None
    except DAMAGE:
        raise Refused(f"{path} is no backup, or its end is missing. Was it copied completely?") from None
    with archive:
        # No backup of ours would fill the memory or the disk.
        names = archive.namelist()
        if len(names) != len(set(names)):
            raise Refused("The file is no backup of Plimsoll: it has two parts of the same name.")
        for part in archive.infolist():
            largest = max(SMALL, MOST_PACKED * part.compress_size)
            if part.filename == MANIFEST:
                largest = LARGEST_MANIFEST
            if part.filename.startswith(KEYS):
                largest = key_files.LONGEST
            # Ours are deflated. Other ways of packing may ask for any amount of memory.
            if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or part.file_size > largest:
                raise Refused(f"The backup is damaged: {part.filename[:80]} would be too large.")
        yield archive


def manifest_of(archive: zipfile.ZipFile) -> Manifest:
    """The manifest. Raises Refused when there is none or a newer Plimsoll wrote it."""
    try:
        values = json.loads(archive.read(MANIFEST))
        if values["format"] != FORMAT:
            raise Refused(
                f"The backup has format {str(values['format'])[:20]}, and this Plimsoll reads format {FORMAT}. "
                "Restore it with the Plimsoll that made it."
            )
        found = Manifest(**values)
        datetime.fromisoformat(found.made_at)
        names = [*found.migrations.values(), *found.columns.values()]
        if not all(isinstance(each, list) and all(isinstance(name, str) for name in each) for each in names):
            raise ValueError
        if not all(type(count) is int for count in found.rows.values()) or type(found.history) is not bool:
            raise ValueError
    except (*DAMAGE, AttributeError, OSError):
        raise Refused("The file is no backup of Plimsoll, or its manifest is damaged.") from None
    return found


def keys_of(archive: zipfile.ZipFile) -> dict[str, bytes]:
    """The key files that are in it. Raises Refused for one that Plimsoll could not start with."""
    found = {}
    for name in key_files.FILES:
        if KEYS + name in archive.namelist():
            try:
                found[name] = archive.read(KEYS + name)
                key_files.checked(found[name])
            except (*DAMAGE, OSError):
                raise Refused(f"The backup is damaged: its {name} can't be used.") from None
    return found


def lines(archive: zipfile.ZipFile, label: str) -> Iterator[tuple[list[Any], int]]:
    """The rows of a table, each with its size in bytes.

    Raises Refused where the file is damaged; its checksum is known at the last row only.
    """
    good = 0
    try:
        with archive.open(member(label)) as file:
            while line := file.readline(LONGEST_LINE + 1):
                yield _row(line), len(line)
                good += 1
    except (*DAMAGE, OSError):
        raise Refused(f"The backup is damaged: {label} can't be read after row {good}.") from None


def _row(line: bytes) -> list[Any]:
    if len(line) > LONGEST_LINE:
        raise ValueError("too long")
    row = json.loads(line, parse_constant=_no_number)
    if not isinstance(row, list):
        raise ValueError("no list")
    if b"\\ud" in line.lower():  # half a character can't be stored
        json.dumps(row, ensure_ascii=False).encode()
    return row


def _no_number(name: str) -> None:
    raise ValueError(f"{name} can't be stored")
