"""manage.py backup: everything that is stored, in one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from core.terminal import NO_DATABASE, TerminalCommand
from fleet.engines.http.answer import one_line
from teams import audit

from ...backup import Refused, Written, back_up

ABOUT = """Writes everything that is stored to one new file, as of one moment, while Plimsoll runs.

The file has people with their password hashes, teams, endpoints, decisions, incidents and history. Sessions are not
in it. API keys and channel URLs are in it as they are stored: encrypted. The keys that decrypt them are not, unless
--with-keys is given: then whoever has the file has everything, so keep it like a password. Without it keep secret_key
and field_key of the data folder (or SECRET_KEY and FIELD_KEYS) in another place, since a restore needs them.

It can be restored on SQLite and on PostgreSQL, wherever it was made.

Exit code: 0 done; 1 it could not be made, and there is no new file."""


class Command(TerminalCommand):
    help = ABOUT

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="a new file, for example plimsoll-2026-11-22.zip")
        parser.add_argument("--force", action="store_true", help="replace the file if there is one")
        parser.add_argument("--with-keys", action="store_true", help="put the data folder's keys into the file")
        parser.add_argument("--without-history", action="store_true", help="leave out readings and roll-ups")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        keys = options["with_keys"]
        try:
            written = back_up(path, history=not options["without_history"], keys=keys, force=options["force"])
        except Refused as refusal:
            raise CommandError(f"{refusal} No backup was made.") from None
        except DatabaseError as error:
            raise CommandError(f"{NO_DATABASE.format(one_line(str(error)))} No backup was made.") from None
        self._record(path, written)
        rows, size = sum(written.rows.values()), written.size / 1e6
        self.stdout.write(f"{path}: {rows:,} rows of {len(written.rows)} tables, {size:,.1f} MB. {about_keys(written)}")

    @audit.acting_via("manage.py backup")
    def _record(self, path: Path, written: Written) -> None:
        """A database that can only be read, such as a replica, can be backed up all the same."""
        detail = {"file": path.name, "keys": bool(written.keys)}
        try:
            audit.record("backup.made", detail=detail)
        except DatabaseError as error:
            self.stderr.write(f"The audit trail has no entry of this backup: {one_line(str(error))}.")


def about_keys(written: Written) -> str:
    """What to do about the keys, as a sentence."""
    if written.keys:
        return f"It holds {' and '.join(written.keys)}: keep it like a password."
    return "The keys are not in it: keep secret_key and field_key (or SECRET_KEY and FIELD_KEYS) in another place."
