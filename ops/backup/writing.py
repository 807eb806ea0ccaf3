"""Making a backup while everything runs."""

import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import connection

from config.key_files import FILES

from .reading import KEYS, MANIFEST, Manifest, Refused, member
from .tables import HISTORY, applied_migrations, is_migrated, kept

# A deferred transaction of SQLite reads and lets others write, unlike those of the product (config/settings.py).
BEGIN = {"sqlite": "BEGIN DEFERRED", "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}


@dataclass(frozen=True)
class Written:
    """What a new backup has."""

    rows: dict[str, int]  # by table
    size: int  # bytes
    keys: list[str]  # key files that are in it


def back_up(path: Path, *, history: bool = True, keys: bool = False, force: bool = False) -> Written:
    """Writes everything that is stored to a new file, as of one moment. Raises Refused.

    Without `history` readings, their traces and roll-ups are left out; `keys` puts the key files of the data folder
    in; `force` replaces a file that is there.
    """
    if not is_migrated():
        raise Refused("The database is not of this version. Run manage.py migrate, or start Plimsoll once.")
    key_files = [name for name in FILES if keys and kept_in_folder(name)]
    with new_file(path, force) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive, snapshot():
            manifest = _write_rows(archive, history)
            for name in key_files:
                archive.write(settings.DATA / name, KEYS + name)
            archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
        size = file.tell()
    return Written(manifest.rows, size, key_files)


def kept_in_folder(name: str) -> bool:
    """Whether this key is the one of the data folder, not one of the environment."""
    return not settings.ENVIRONMENT[FILES[name]] and (settings.DATA / name).exists()


def _write_rows(archive: zipfile.ZipFile, history: bool) -> Manifest:
    tables = [table for label, table in kept().items() if history or label not in HISTORY]
    manifest = Manifest(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        history=history,
        migrations=applied_migrations(),
        columns={table.label: table.columns for table in tables},
    )
    for table in tables:
        count = 0
        with archive.open(member(table.label), "w", force_zip64=True) as file:
            for row in table.rows():
                file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
                count += 1
        manifest.rows[table.label] = count
    return manifest


@contextmanager
def snapshot() -> Iterator[None]:
    """All that is read inside is of one moment, while others write."""
    with connection.cursor() as cursor:
        cursor.execute(BEGIN[connection.vendor])
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


@contextmanager
def new_file(path: Path, force: bool) -> Iterator[IO[bytes]]:
    """A file (mode 0600) that gets its name when it is complete and on the disk. Raises Refused."""
    draft = ""
    try:
        _refuse_existing(path, force)
        handle, draft = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _refuse_existing(path, force)
        os.replace(draft, path)
    except OSError as error:
        raise Refused(f"{path} can't be written: {error.strerror or error}.") from None
    finally:
        if draft:
            Path(draft).unlink(missing_ok=True)


def _refuse_existing(path: Path, force: bool) -> None:
    if path.is_dir():
        raise Refused(f"{path} is a folder. Give the name of a file.")
    if path.exists() and not force:
        raise Refused(f"{path} exists already. Choose another name, or replace it with --force.")
