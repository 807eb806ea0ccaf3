"""manage.py run PART: one part alone."""

import sys
from argparse import ArgumentParser
from typing import Any

from core.terminal import TerminalCommand

from ...one_part import PARTS, run
from ...up import CannotStart

ABOUT = """Runs one part of Plimsoll alone, for a container, a systemd unit or another machine (docs/scaling.md).

  web      the pages; brings the database and the static files up to date first
  probe    a probe worker; as many as wanted, on as many machines as wanted
  general  dispatches probes, delivers mail, does the scheduled work; a second one takes over when the first ends

All of them need the same SECRET_KEY, FIELD_KEYS, DATABASE_URL and REDIS_URL.

Exit code: 1 something is in the way, such as a database that is not up to date yet; start it again later."""


class Command(TerminalCommand):
    help = ABOUT

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("part", choices=PARTS)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run(options["part"])
        except CannotStart as error:
            self.stderr.write(f"Plimsoll can't start. {error}")
            sys.exit(1)
