"""manage.py status: the board in a terminal."""

import json
import sys
import time
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from core import dates
from core.terminal import NO_DATABASE, TerminalCommand, table
from fleet.display import formats
from fleet.engines.http.answer import one_line
from fleet.engines.reading import Load
from fleet.models.endpoint import unverified
from fleet.queries.states import StateRow, engine_label
from fleet.queries.terminal import as_json, by_urgency, load_in_words, overdue
from fleet.verdict import causes
from fleet.verdict.status import Status
from teams.models import Team

ABOUT = """Prints the status of every endpoint, trouble first.

Exit code: 1 when anything is down; 2 when an argument is wrong or the database can't be used; else 0 (also when
something is degraded or busy, or nothing is watched)."""

MODELS_SHOWN = 2
HEADINGS = ["STATUS", "SINCE", "ENDPOINT", "TEAM", "ENGINE", "MODELS", "LOAD", "SEEN", "CAUSE"]
STYLES = {Status.DOWN: "ERROR", Status.DEGRADED: "WARNING", Status.BUSY: "NOTICE", Status.UP: "SUCCESS"}


class Command(TerminalCommand):
    help = ABOUT

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print a JSON list instead")
        parser.add_argument("--team", metavar="SLUG", default="", help="only this team's endpoints")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = by_urgency(_team(options["team"]))
        except DatabaseError as error:
            raise CommandError(NO_DATABASE.format(one_line(str(error))), returncode=2) from None
        if options["json"]:
            self.stdout.write(json.dumps([as_json(each, time.time()) for each in found], indent=2))
        elif found:
            now = datetime.now(UTC)
            heading, *lines = table([HEADINGS, *(_cells(each, now) for each in found)])
            self.stdout.write(heading)
            for each, line in zip(found, lines, strict=True):
                word, rest = line[: len(each.status)], line[len(each.status) :]
                style = STYLES.get(Status(each.status))
                self.stdout.write((getattr(self.style, style)(word) if style else word) + rest)
            counts = [(status, sum(each.status == status for each in found)) for status in Status]
            self.stdout.write(", ".join(f"{count} {status}" for status, count in counts if count))
        # On stderr, so that the JSON stays JSON.
        if not found:
            self.stderr.write("No endpoint is watched yet. Add one in the browser or with manage.py apply.", str)
        elif late := sum(overdue(each, time.time()) for each in found):
            warning = f"{late} of {len(found)} are overdue for a probe, so this may be old. Is Plimsoll running?"
            self.stderr.write(warning, str)
        if any(each.status == Status.DOWN for each in found):
            sys.exit(1)


def _team(slug: str) -> str:
    if slug and not Team.objects.filter(slug=slug).exists():
        known = ", ".join(Team.objects.values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"There is no team “{slug}”. Teams: {known}.", returncode=2)
    return slug


def _cells(each: StateRow, now: datetime) -> list[str]:
    models = [one_line(model.name) for model in each.facts.models[:MODELS_SHOWN]]
    more = len(each.facts.models) - len(models)
    engine = f"{engine_label(each.engine)} {each.facts.version or ''}" if each.engine else formats.UNKNOWN
    return [
        each.status,
        formats.span(now - each.since) if each.since else "-",
        one_line(each.name),
        each.team_slug,
        one_line(engine),
        ", ".join(models + ([f"+{more}"] if more else [])) or "-",
        load_in_words(each.load) if each.load != Load() else "-",
        f"{formats.span(now - each.seen_at)} ago" if each.seen_at else "never",
        _remark(each),
    ]


def _remark(each: StateRow) -> str:
    parts = [
        _paused(each) or causes.short(each.cause),
        "certificate not verified" if unverified(each.url, each.verify_tls) else "",
    ]
    return ", ".join(filter(None, parts))


def _paused(each: StateRow) -> str:
    if each.status != Status.PAUSED:
        return ""
    by = f"by {each.paused_by}" if each.paused_by else ""
    return ", ".join(filter(None, (by, f"until {dates.minute(each.paused_until)}" if each.paused_until else "")))
