"""A backup file, read with suspicion: whatever is wrong with it becomes a sentence."""

import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FORMAT = 1
MANIFEST = "manifest.json"
KEYS = {"secret_key": "SECRET_KEY", "field_key": "FIELD_KEYS"}  # files of the data folder, and what overrides them

# What the standard library says to bytes that are not what they should be.
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, TypeError, RuntimeError)


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
        yield archive


def manifest_of(archive: zipfile.ZipFile) -> Manifest:
    """The manifest. Raises Refused when there is none or a newer Plimsoll wrote it."""
    try:
        values = json.loads(archive.read(MANIFEST))
        if values["format"] != FORMAT:
            raise Refused(
                f"The backup has format {values['format']}, and this Plimsoll reads format {FORMAT}. "
                "Restore it with the Plimsoll that made it."
            )
        found = Manifest(**values)
        if not all(isinstance(each, dict) for each in (found.migrations, found.columns, found.rows)):
            raise ValueError
    except (*DAMAGE, OSError):
        raise Refused("The file is no backup of Plimsoll, or its manifest is damaged.") from None
    return found


def lines(archive: zipfile.ZipFile, label: str) -> Iterator[list[Any]]:
    """The rows of a table. Raises Refused where the file is damaged; its checksum is known at the last row only."""
    good = 0
    try:
        with archive.open(member(label)) as file:
            for line in file:
                row = json.loads(line)
                if not isinstance(row, list):
                    raise ValueError
                yield row
                good += 1
    except (*DAMAGE, OSError):
        raise Refused(f"The backup is damaged: {label} can't be read after row {good}.") from None
