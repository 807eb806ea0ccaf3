"""manage.py signals: what was collected of an endpoint's load, and what it means."""

import json
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from core.terminal import NO_DATABASE, TerminalCommand, table
from fleet.engines.http.answer import one_line
from fleet.evidence.judge import judge
from fleet.evidence.verdict import Verdict
from fleet.evidence.window import Row, bins, percentile
from fleet.load import stored
from fleet.load.judging import Read, rows_of_two_windows
from fleet.models import Endpoint

ABOUT = """Prints what was collected of an endpoint's load, hour by hour, and its load verdict as of now.

Times are UTC. Exit code: 0; 2 when there is no such endpoint, an argument is wrong or the database can't be used."""

HEADINGS = ["HOUR", "MODEL", "PROBES", "AT WORK", "RUNNING", "WAITING", "CANARIES", "WAITED", "REQUESTS", "RELOADS"]


class Command(TerminalCommand):
    help = ABOUT

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("endpoint", metavar="ENDPOINT", help="its name, team/name, or URL")
        parser.add_argument("--hours", type=int, default=24, metavar="N", help="print the last N hours (24)")
        parser.add_argument("--json", action="store_true", help="print everything as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            endpoint = _endpoint(options["endpoint"])
            now = int(time.time())
            case = Read([endpoint], now).case(endpoint)
            case = replace(case, rows=rows_of_two_windows(endpoint, case))
        except DatabaseError as error:
            raise CommandError(NO_DATABASE.format(one_line(str(error))), returncode=2) from None
        verdicts = judge(case)
        recent = [row for row in case.rows if row.start > now - 3600 * options["hours"]]
        if options["json"]:
            found = {
                "endpoint": endpoint.name,
                "verdicts": [stored.to_json(each) for each in verdicts],
                "hours": [{"start": row.start, "model": row.model, "counts": row.counts} for row in recent],
            }
            self.stdout.write(json.dumps(found, indent=2))
            return
        if case.rows:
            since = min(row.start for row in case.rows)
            self.stdout.write(f"Collected since {_time(since)}.\n\n")
        for verdict in verdicts:
            for line in _lines(verdict):
                self.stdout.write(line)
        self.stdout.write("")
        for line in table([HEADINGS, *(_cells(row) for row in recent)]) if recent else ["No hour was collected yet."]:
            self.stdout.write(line)


def _endpoint(text: str) -> Endpoint:
    """Raises CommandError unless exactly one endpoint has this name or address."""
    team, _, name = text.rpartition("/")
    endpoints = Endpoint.objects.select_related("team", "state")
    found = endpoints.filter(name=text) | endpoints.filter(url=text)
    if team and not found:
        found = endpoints.filter(team__slug=team, name=name)
    if len(found) > 1:
        names = ", ".join(f"{each.team.slug}/{each.name}" for each in found)
        raise CommandError(f"There are several such endpoints: {names}. Write team/name.", returncode=2)
    if not found:
        raise CommandError(f"No endpoint has the name or address {text}. manage.py status lists them.", returncode=2)
    return found[0]


def _lines(verdict: Verdict) -> Iterator[str]:
    limit = f" ({verdict.limit})" if verdict.limit else ""
    sure = ", ".join(filter(None, [verdict.firm_words, f"confidence {verdict.confidence}"]))
    model = f"{one_line(verdict.model)}: " if verdict.model else ""
    yield f"{model}{verdict.state}{limit}, {sure}"
    rows = [[f"  {s.words}", s.value, s.threshold, f"{s.samples} samples", s.support] for s in verdict.signals]
    yield from table(rows)
    yield from (f"  {sentence}" for sentence in (*verdict.against, *verdict.missing))
    for each in verdict.advice:
        yield f"  Next: {each.words} {each.setting}".rstrip() + (f" Costs: {each.costs}" if each.costs else "")


def _cells(row: Row) -> list[str]:
    found = row.counts
    ends = [percentile(bins(found, name), 0.95) for name in ("running", "queued")]
    shown = (found.get(name, 0) for name in ("canaries", "waited", "requests", "reloads"))
    work = f"{100 * found.get('at_work', 0) / found['gauges']:.0f} %" if found.get("gauges") else "-"
    levels = [f"≤ {end[1]}" if end else "-" for end in ends]
    return [_time(row.start), one_line(row.model), str(found.get("probes", 0)), work, *levels, *map(str, shown)]


def _time(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"
