"""manage.py rotatekeys: every stored secret gets the first key of FIELD_KEYS."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from core.redaction import redact
from core.terminal import NO_DATABASE, TerminalCommand
from fleet.engines.http.answer import one_line
from teams import audit

from ...key_rotation import NoKeyFits, drop_unreadable, rotate

ABOUT = """Encrypts every stored secret with the first key of FIELD_KEYS, so that the other keys can be removed.

Run it after the new key was put first and Plimsoll was restarted. It can be stopped and run again at any time.

--drop-unreadable is for a key that is lost: what no key reads is taken away, API keys, channels and second factors.

Exit code: 0 done (or nothing to do); 1 a secret can't be read with any key; 2 the database can't be used."""

SHOWN = 20
"""Unreadable secrets that are named."""


class Command(TerminalCommand):
    help = ABOUT

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--drop-unreadable", action="store_true", help="take away what no key reads, for good")

    @audit.acting_via("manage.py rotatekeys")
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["drop_unreadable"] and (names := drop_unreadable()):
                audit.record("secret.dropped", detail={"secrets": shortened(names)})
                self.stdout.write(f"Taken away, as no key reads them: {shortened(names)}.")
            changed, before = rotate()
        except NoKeyFits as error:
            raise CommandError(refusal(error.names), returncode=1) from None
        except DatabaseError as error:
            raise CommandError(NO_DATABASE.format(one_line(redact(str(error)))), returncode=2) from None
        audit.record("secret.rotated", detail={"encrypted again": changed, "as they were": before})
        self.stdout.write(
            f"Secrets: {changed} encrypted with the first key now, {before} were already. "
            "Older keys can be removed from FIELD_KEYS."
        )


def shortened(names: list[str]) -> str:
    """The first SHOWN of the names, and how many more there are."""
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def refusal(names: list[str]) -> str:
    """The message when no key fits, and what can be done."""
    return (
        f"FIELD_KEYS has no key that reads {shortened(names)}. These were left as they are. "
        "Add the key they were encrypted with and run rotatekeys again; keep all keys until then. "
        "If that key is lost, rotatekeys --drop-unreadable takes these secrets away, and people enter them again."
    )
