"""manage.py rotatekeys: every stored secret gets the first key of FIELD_KEYS."""

from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from config.redaction import redact
from config.rotation import NoKeyFits, rotate
from fleet.engines.answer import one_line
from fleet.management.terminal import NO_DATABASE, TerminalCommand
from teams import audit

ABOUT = """Encrypts every stored secret with the first key of FIELD_KEYS, so that the other keys can be removed.

Run it after the new key was put first and Plimsoll was restarted. It can be stopped and run again at any time.

Exit code: 0 done (or nothing to do); 1 a secret can't be read with any key; 2 the database can't be used."""

SHOWN = 20
"""Unreadable secrets that are named."""


class Command(TerminalCommand):
    help = ABOUT

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            changed, before = rotate()
        except NoKeyFits as error:
            raise CommandError(refusal(error.names), returncode=1) from None
        except DatabaseError as error:
            raise CommandError(NO_DATABASE.format(one_line(redact(str(error)))), returncode=2) from None
        with audit.through("manage.py rotatekeys"):
            audit.record("secret.rotated", detail={"encrypted anew": changed, "as they were": before})
        self.stdout.write(
            f"Secrets: {changed} encrypted with the first key now, {before} were already. "
            "Older keys can be removed from FIELD_KEYS."
        )


def refusal(names: list[str]) -> str:
    """What is told when no key fits, and what can be done."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return (
        f"FIELD_KEYS has no key that reads {', '.join(names[:SHOWN])}{more}. These were left as they are. "
        "Add the key they were encrypted with, or delete or enter these secrets anew; keep all keys until then, "
        "and run rotatekeys again."
    )
