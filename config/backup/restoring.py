"""The way back: a backup becomes the database, all of it or nothing."""

import os
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.color import no_style
from django.db import Error, connection, transaction
from django.db.migrations.loader import MigrationLoader

from config.rotation import unreadable
from config.secrets import Unreadable

from .reading import DAMAGE, KEYS, Manifest, Refused, lines, manifest_of, opened
from .tables import CHUNK, HISTORY, Table, applied_migrations, cleared, is_migrated, kept


@dataclass(frozen=True)
class Restored:
    """What a restore did."""

    rows: dict[str, int]  # by table
    made_at: str  # when the backup was made
    keys: list[str]  # key files that were put into the data folder
    unused_keys: list[str]  # key files of the backup that were not, since the environment gives these keys
    unreadable: str  # why stored secrets can't be read; empty when they can


def restore(path: Path, *, replace: bool = False) -> Restored:
    """Fills the database from a backup; `replace` empties it first. Raises Refused, and then nothing was changed."""
    with opened(path) as archive:
        manifest = manifest_of(archive)
        _check_migrations(manifest)
        tables = _tables(manifest)
        in_file = [name for name in KEYS if f"keys/{name}" in archive.namelist()]
        wanted = [name for name in in_file if not settings.ENVIRONMENT[KEYS[name]]]
        try:
            with transaction.atomic():
                _make_room(replace)
                for table in tables:
                    _fill(table, archive, manifest)
                _reset_sequences(tables)
                connection.check_constraints()
                for name in wanted:  # last: what fails before leaves the keys as they are
                    _put_key(name, archive)
        except Error as error:
            raise Refused(f"The database refused the backup: {_first_line(error)}.") from None
    # Keys that were just put in place are used from the next start on.
    unreadable = "" if "field_key" in wanted else _unreadable()
    return Restored(manifest.rows, manifest.made_at, wanted, [x for x in in_file if x not in wanted], unreadable)


def _check_migrations(manifest: Manifest) -> None:
    """Same tables or none: rows of another version would have to be guessed at."""
    if not is_migrated():
        raise Refused("The database is not of this version. Run manage.py migrate first.")
    theirs = {(app, name) for app, names in manifest.migrations.items() for name in names}
    ours = {(app, name) for app, names in applied_migrations().items() for name in names}
    if newer := sorted(theirs - set(MigrationLoader(connection).disk_migrations)):
        raise Refused(
            f"A newer Plimsoll made this backup: {_named(newer)} is not known here. "
            "Update Plimsoll, run manage.py migrate, and restore again."
        )
    if older := sorted(ours - theirs):
        raise Refused(
            f"An older Plimsoll made this backup: it has no {_named(older)}. Restore it with that version into an "
            "empty database, then update Plimsoll and run manage.py migrate."
        )


def _named(migrations: list[tuple[str, str]]) -> str:
    app, name = migrations[0]
    return f"{app} {name}" + (f" (and {len(migrations) - 1} more)" if len(migrations) > 1 else "")


def _tables(manifest: Manifest) -> list[Table]:
    """The tables to fill. The names come from our own models; the file's must be the same."""
    ours = {label: table for label, table in kept().items() if manifest.history or label not in HISTORY}
    same = {label: table.columns for label, table in ours.items()} == manifest.columns
    if not same or ours.keys() != manifest.rows.keys():
        raise Refused("The manifest's tables are not those of this Plimsoll: the file was changed or damaged.")
    return list(ours.values())


def _make_room(replace: bool) -> None:
    if replace:
        with connection.cursor() as cursor:
            for model in cleared():
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")
        return
    for table in kept().values():
        if table.model._base_manager.exists():
            raise Refused(
                f"The database is not empty: it has rows in {table.label}. Restore into a new one, "
                "or give --replace to delete everything in this one first."
            )


def _fill(table: Table, archive: zipfile.ZipFile, manifest: Manifest) -> None:
    count = 0
    for rows in _chunks(table, archive):
        try:
            table.insert(rows)
        except Error as error:
            where = f"rows {count + 1} to {count + len(rows)} of {table.label}"
            raise Refused(f"The database refused {where}: {_first_line(error)}.") from None
        count += len(rows)
    if count != manifest.rows[table.label]:
        raise Refused(
            f"The backup is damaged: {table.label} has {count} rows where the manifest says "
            f"{manifest.rows[table.label]}."
        )


def _chunks(table: Table, archive: zipfile.ZipFile) -> Iterator[list[list]]:
    """Rows as the database takes them, some at a time."""
    found = lines(archive, table.label)
    while chunk := list(islice(found, CHUNK)):
        try:
            yield [table.stored(row) for row in chunk]
        except (ValidationError, *DAMAGE):
            raise Refused(f"The backup is damaged: {table.label} has a row that does not fit.") from None


def _reset_sequences(tables: list[Table]) -> None:
    """New rows get numbers after those of the backup. SQLite sees to that by itself and has nothing to run here."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [table.model for table in tables]):
            cursor.execute(statement)


def _put_key(name: str, archive: zipfile.ZipFile) -> None:
    """Puts a key file into the data folder and keeps the one that was there: older backups may need it."""
    target: Path = settings.DATA / name
    try:
        content = archive.read(f"keys/{name}")
        before = target.read_bytes() if target.exists() else content
        if before != content:
            _write_private(target.with_name(f"{name}.until-{datetime.now(UTC):%Y%m%d-%H%M%S}"), before)
        _write_private(target, content)
    except DAMAGE:
        raise Refused(f"The backup is damaged: its {name} can't be read.") from None
    except OSError as error:
        raise Refused(f"{target} can't be written: {error.strerror or error}.") from None


def _write_private(path: Path, content: bytes) -> None:
    """Writes a file that only this user may read, whole or not at all."""
    handle, draft = tempfile.mkstemp(dir=path.parent)  # mkstemp makes it readable for us alone
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.replace(draft, path)


def _unreadable() -> str:
    """Why a stored secret can't be read with the keys we have; empty when all can."""
    return str(Unreadable()) if any(unreadable()) else ""


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
