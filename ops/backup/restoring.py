"""The way back: a backup becomes the database, all of it or nothing."""

import os
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.color import no_style
from django.db import Error, connection, transaction
from django.db.migrations.loader import MigrationLoader

from config.key_files import FILES, write
from core.encryption import Unreadable
from ops.key_rotation import unreadable

from .reading import DAMAGE, LONGEST_LINE, Manifest, Refused, keys_of, lines, manifest_of, opened
from .tables import CHUNK, HISTORY, Table, applied_migrations, cleared, is_migrated, kept


@dataclass(frozen=True)
class Restored:
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
        in_file = keys_of(archive)
        wanted = {name: key for name, key in in_file.items() if not settings.ENVIRONMENT[FILES[name]]}
        for table in tables:  # all of it is read and converted once before anything is written
            for _ in _chunks(table, archive, manifest):
                pass
        with ExitStack() as undo:
            try:
                with transaction.atomic():
                    _make_room(replace)
                    for table in tables:
                        _fill(table, archive, manifest)
                    _reset_sequences(tables)
                    connection.check_constraints()
                    for name, key in wanted.items():  # last: what fails before leaves the keys as they are
                        _put_key(settings.DATA / name, key, undo)
            except (Error, *DAMAGE) as error:
                raise Refused(f"The database refused the backup: {_first_line(error)}.") from None
            undo.pop_all()
    # Keys that were just put in place are used from the next start on.
    problem = str(Unreadable()) if "field_key" not in wanted and any(unreadable()) else ""
    return Restored(manifest.rows, manifest.made_at, list(wanted), [x for x in in_file if x not in wanted], problem)


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
    for rows in _chunks(table, archive, manifest):
        try:
            table.insert(rows)
        except (Error, *DAMAGE) as error:
            where = f"rows {count + 1} to {count + len(rows)} of {table.label}"
            raise Refused(f"The database refused {where}: {_first_line(error)}.") from None
        count += len(rows)


def _chunks(table: Table, archive: zipfile.ZipFile, manifest: Manifest) -> Iterator[list[list]]:
    """Rows as the database takes them, some at a time. Raises Refused unless there are as many as the manifest says."""
    rows, size, count, expected = [], 0, 0, manifest.rows[table.label]
    for row, length in lines(archive, table.label):
        try:
            rows.append(table.stored(row))
        except (ValidationError, *DAMAGE):
            raise Refused(f"The backup is damaged: {table.label} has a row that does not fit.") from None
        size, count = size + length, count + 1
        if count > expected:
            break
        if len(rows) == CHUNK or size > LONGEST_LINE:
            yield rows
            rows, size = [], 0
    if count != expected:
        found = f"more than {expected}" if count > expected else str(count)
        raise Refused(f"The backup is damaged: {table.label} has {found} rows where the manifest says {expected}.")
    if rows:
        yield rows


def _reset_sequences(tables: list[Table]) -> None:
    """New rows get numbers after those of the backup. SQLite sees to that by itself and has nothing to run here."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [table.model for table in tables]):
            cursor.execute(statement)


def _put_key(target: Path, key: bytes, undo: ExitStack) -> None:
    """Puts a key file into the data folder and keeps the one that was there: older backups may need it.

    `undo` gets what brings it back, which needs no room on the disk. Raises Refused.
    """
    try:
        if not target.exists():
            undo.callback(target.unlink, missing_ok=True)
        elif (before := target.read_bytes()) != key:
            kept = target.with_name(f"{target.name}.until-{datetime.now(UTC):%Y%m%d-%H%M%S}")
            write(kept, before)
            undo.callback(os.replace, kept, target)
        write(target, key)
    except OSError as error:
        raise Refused(f"{target} can't be written: {error.strerror or error}.") from None


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
