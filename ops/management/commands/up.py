"""manage.py up: everything from one command."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from ...up import CannotStart, up


class Command(BaseCommand):
    help = "Starts Valkey, the web server and both workers; shows their logs; Ctrl-C stops all of them."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sys.exit(up())
        except CannotStart as error:
            self.stderr.write(f"Plimsoll can't start. {error}")
            sys.exit(1)
