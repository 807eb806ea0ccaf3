"""manage.py doctor: what this installation is near to running out of."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from core.redaction import redact
from core.terminal import NO_DATABASE, TerminalCommand, table

from ...doctor.checks import exhausted, lines
from ...doctor.figures import figures

ABOUT = """Lists what this installation has limits for, how near each is, and what to do about those that are not ok.

Run it on a machine where Plimsoll runs: open files and memory are those of the processes there. A line is "soon" from
70 % of its limit on, and "nearly exhausted" from 90 % on.

Exit code: 0 nothing is nearly exhausted; 1 something is; 2 the database can't be used."""


class Command(TerminalCommand):
    help = ABOUT

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="a list of objects: what, near, share, do, state")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = lines(figures())
        except DatabaseError as error:
            raise CommandError(NO_DATABASE.format(redact(" ".join(str(error).split()))), returncode=2) from None
        if options["json"]:
            self.stdout.write(json.dumps([asdict(line) | {"state": line.state} for line in found], indent=1))
        else:
            shares = ["" if line.share is None else f"{line.share:.0%}" for line in found]
            rows = [(line.state, share, line.what, line.near) for line, share in zip(found, shares, strict=True)]
            for line, row in zip(found, table(rows), strict=True):
                self.stdout.write(row if line.state == "ok" else f"{row}\n    {line.do}")
        if exhausted(found):
            sys.exit(1)
