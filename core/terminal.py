"""What the commands for people share: help as it was written, colour only where it is welcome."""

import os
from argparse import RawDescriptionHelpFormatter
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

NO_DATABASE = "The database can't be used: {}. Run manage.py migrate, or see DATABASE_URL."


class TerminalCommand(BaseCommand):
    """A command whose output people read: no colour when it goes to a file or NO_COLOR is set."""

    requires_system_checks = []  # `manage.py up` makes them

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **options)

    def execute(self, *args: Any, **options: Any) -> str | None:
        if os.environ.get("NO_COLOR") and not options.get("force_color"):
            options["no_color"] = True
        return super().execute(*args, **options)


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines with aligned columns, two spaces between them; the last column is left ragged."""
    if not rows:
        return []
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return [line.rstrip() for line in lines]
