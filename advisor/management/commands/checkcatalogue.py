"""manage.py checkcatalogue: whether the catalogue fits together and the guide explains all of it."""

from typing import Any

from advisor.catalogue import load
from advisor.checks import mistakes
from core.terminal import TerminalCommand

ABOUT = """Checks the catalogue: ids, sections, both sides of every explanation, questions and what they feed, dates and
states of facts, the change log, and that the guide has a place for everything.

Exit code: 0 nothing is wrong; 1 something is, and every mistake is printed."""


class Command(TerminalCommand):
    help = ABOUT

    def handle(self, *args: Any, **options: Any) -> None:
        found = mistakes()
        for mistake in found:
            self.stderr.write(mistake)
        if found:
            raise SystemExit(1)
        catalogue = load()
        counts = f"{len(catalogue.questions)} questions, {len(catalogue.items)} items, {len(catalogue.facts)} facts"
        self.stdout.write(f"Catalogue {catalogue.version} is in order: {counts}.")
