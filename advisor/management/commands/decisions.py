"""manage.py decisions check: whether what was decided still holds."""

import json
import sys
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError
from django.utils import timezone

from advisor.evidence.values import State
from advisor.queries.decisions import is_due
from advisor.queries.evidence import Card, in_force
from core.terminal import NO_DATABASE, TerminalCommand, table
from fleet.display import formats
from fleet.engines.http.answer import one_line
from teams.models import Team

ABOUT = """Prints what the endpoints say of every decision in force, contradicted ones first, and which reviews are due.

    manage.py decisions check --team search || echo "Review what we decided."

Exit code: 1 when one is contradicted or its review is overdue; 2 when an argument is wrong or the database can't be
used; else 0 (also when something is strained, or nothing is decided)."""

HEADINGS = ["EVIDENCE", "SINCE", "REVIEW", "TEAM", "DECISION", "WHY"]
STYLES = {State.CONTRADICTED: "ERROR", State.STRAINED: "WARNING", State.HOLDS: "SUCCESS"}
LATE = timedelta(hours=3)
"""Without a new judgement, which comes each hour."""


class Command(TerminalCommand):
    help = ABOUT

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", metavar="check", choices=["check"], help="what to do: there is only this")
        parser.add_argument("--json", action="store_true", help="print a JSON list instead")
        parser.add_argument("--team", metavar="SLUG", default="", help="only this team's decisions")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["team"]
        try:
            if slug and not Team.objects.filter(slug=slug).exists():
                known = ", ".join(Team.objects.values_list("slug", flat=True)) or "none yet"
                raise CommandError(f"There is no team “{slug}”. Teams: {known}.", returncode=2)
            found = in_force(slug)
        except DatabaseError as error:
            raise CommandError(NO_DATABASE.format(one_line(str(error))), returncode=2) from None
        now = timezone.now()
        if options["json"]:
            self.stdout.write(json.dumps(list(map(_as_json, found)), ensure_ascii=False, indent=2))
        elif found:
            heading, *lines = table([HEADINGS, *map(_cells, found)])
            self.stdout.write(heading)
            for each, line in zip(found, lines, strict=True):
                style = next((name for state, name in STYLES.items() if state == each.state), None)
                word, rest = line[: len(each.state)], line[len(each.state) :]
                self.stdout.write((getattr(self.style, style)(word) if style else word) + rest)
        # On stderr, so that the JSON stays JSON.
        if not found:
            self.stderr.write("No decision is in force. Accept one in the browser.", str)
        elif late := sum(each.judged_at is not None and now - each.judged_at > LATE for each in found):
            warning = f"{late} of {len(found)} were not judged for hours, so this may be old. Is Plimsoll running?"
            self.stderr.write(warning, str)
        if any(each.state == State.CONTRADICTED or _overdue(each) for each in found):
            sys.exit(1)


def _overdue(each: Card) -> bool:
    return is_due(each.decision, timezone.localdate())


def _cells(each: Card) -> list[str]:
    due = each.decision.due_on
    return [
        each.state,
        formats.span(timezone.now() - each.since) if each.since else "-",
        f"overdue since {due}" if _overdue(each) else str(due or "-"),
        each.decision.team.slug,
        one_line(each.decision.title),
        one_line(each.sentence),
    ]


def _as_json(each: Card) -> dict[str, Any]:
    decision = each.decision
    return {
        "id": decision.pk,
        "team": decision.team.slug,
        "title": decision.title,
        "choice": decision.choice,
        "evidence": each.state,
        "since": each.since.isoformat() if each.since else None,
        "judged_at": each.judged_at.isoformat() if each.judged_at else None,
        "why": each.sentence,
        "review_by": decision.due_on.isoformat() if decision.due_on else None,
        "review_overdue": _overdue(each),
        "url": decision.get_absolute_url(),
    }
