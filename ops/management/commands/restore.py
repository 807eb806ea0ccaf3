"""manage.py restore: a backup becomes the database."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError

from core.terminal import NO_DATABASE, TerminalCommand
from fleet.engines.http.answer import one_line
from teams import audit

from ...backup import Refused, Restored, restore
from ...up import CannotStart, only_one

ABOUT = """Fills the database from a file of `manage.py backup`: all of it or nothing.

Stop Plimsoll first, on every machine that uses this database. The database must be empty and of the version that made
the backup: run manage.py migrate on a new one. --replace deletes everything in a used one instead, people included.
Everybody signs in again afterwards. Mails that were waiting when the backup was made are sent after the next start.

Put secret_key and field_key back into the data folder before (or set SECRET_KEY and FIELD_KEYS); keys in the file are
put there, and the ones they replace are kept beside them.

Exit code: 0 done; 1 it could not be restored, and nothing was changed."""


class Command(TerminalCommand):
    help = ABOUT

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--replace", action="store_true", help="delete everything in the database first")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            lock = only_one(settings.DATA)
        except CannotStart as error:
            raise CommandError(f"{error} Nothing was changed.") from None
        try:
            restored = restore(options["file"], replace=options["replace"])
        except Refused as refusal:
            raise CommandError(f"{refusal} Nothing was changed.") from None
        except DatabaseError as error:
            raise CommandError(f"{NO_DATABASE.format(one_line(str(error)))} Nothing was changed.") from None
        finally:
            os.close(lock)
        self._record(options["file"], restored, replaced=options["replace"])
        rows = sum(restored.rows.values())
        self.stdout.write(f"Restored {rows:,} rows of {len(restored.rows)} tables, as of {restored.made_at}.")
        if restored.keys:
            self.stdout.write(f"{' and '.join(restored.keys)} of the backup are in {settings.DATA} now.")
        if restored.unused_keys:
            self.stdout.write(
                f"{' and '.join(restored.unused_keys)} of the backup were not used: SECRET_KEY and FIELD_KEYS are set."
            )
        if restored.unreadable:
            self.stderr.write(
                f"{restored.unreadable} Put the field_key of the old data folder into {settings.DATA}, "
                "or add it to FIELD_KEYS. Until then API keys, channels and second factors do not work."
            )

    @audit.acting_via("manage.py restore")
    def _record(self, path: Path, restored: Restored, replaced: bool) -> None:
        """Written afterwards, so that it follows what was restored."""
        detail = {"file": path.name, "as of": restored.made_at, "replaced what was there": replaced}
        audit.record("backup.restored", detail=detail)
