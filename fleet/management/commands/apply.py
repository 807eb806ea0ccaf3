"""manage.py apply: teams, email addresses and endpoints as code."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from core.terminal import NO_DATABASE, TerminalCommand
from fleet.as_code.apply import Step, apply, summary
from fleet.as_code.reader import FileMistakes, read
from fleet.as_code.yaml_tree import Unreadable
from fleet.engines.http.answer import one_line
from teams import audit

ABOUT = """Makes the teams and endpoints of a YAML file what the file says: all of it or nothing.

The file is the truth about what it names: a key that is left out means its default. A team without "mail_to:" keeps
its addresses, and "mail_to: []" removes them. An endpoint is known by its name, or by its URL when it was renamed.
Endpoints that are not in the file are removed only with --prune, and only from teams whose "endpoints:" the file has;
teams are never removed. ${NAME} in a value is taken from the environment, and what it holds is never printed.

    teams:
      - slug: search
        name: Search                 # default: the slug
        mail_to: [oncall@example.org]
        endpoints:
          - name: gpu-1
            url: http://10.0.0.5:8000
            engine: vllm             # default: found out
            interval: 15             # seconds, default 30
            timeout: 5               # seconds, default 80 % of the interval, at most 5
            fail_after: 3            # failures in a row, default 3
            recover_after: 2         # successes in a row, default 2
            fail_of: 5               # ... or fail_after failures among so many, default 0: in a row
            fail_for: 60             # ... and for so many seconds, default 0
            slow_after: 800          # milliseconds; a slower answer is degraded, default: never
            start_within: 300        # seconds a start may take, 0: no grace, default: learned
            depends_on: proxy-1      # another endpoint of the team; while it is down, nobody is mailed about this one
            canary_models: [qwen3-8b]  # may be asked for a token now and then, default: none
            canary_every: 600        # seconds, default 600
            api_key: ${GPU1_KEY}
            username: plimsoll       # basic auth, with api_key as the password; default: api_key is a bearer key
            verify_tls: false        # any certificate will do; default true
            expected_models: [qwen3-8b]
            tags: [prod, chat]       # to filter and to alert by, default: none

Exit code: 0 done (or nothing to do); 1 the file has mistakes, and nothing was changed; 2 there is no such file, it
can't be read, an argument is wrong, or the database can't be used, and nothing was changed."""

COLOURS = {"+": "SUCCESS", "~": "WARNING", "-": "ERROR"}


class Command(TerminalCommand):
    help = ABOUT

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE.yaml", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="print the differences and change nothing")
        parser.add_argument(
            "--prune", action="store_true", help="remove endpoints of the file's teams that are not in the file"
        )

    @audit.acting_via("manage.py apply")
    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            teams = read(path, os.environ)
            differences = apply(teams, file_name=path.name, dry_run=options["dry_run"], prune=options["prune"])
        except Unreadable as error:
            raise CommandError(str(error), returncode=2) from None
        except FileMistakes as error:
            raise CommandError("\n".join([*error.sentences, "Nothing was changed."]), returncode=1) from None
        except DatabaseError as error:
            raise CommandError(NO_DATABASE.format(one_line(str(error))), returncode=2) from None
        for difference in differences:
            self._line("", difference.team)
            shown = [step for step in difference.endpoints if step.mark != "="]
            for step in shown:
                self._line("  ", step)
            if same := len(difference.endpoints) - len(shown):
                self.stdout.write(f"  = {same} unchanged")
        self.stdout.write(summary(differences, options["dry_run"]))

    def _line(self, indent: str, step: Step) -> None:
        """A change has each field on a line of its own; all else is in one."""
        rest = step.details if step.mark == "~" else ()
        details = "" if rest else "".join(f"  {one_line(detail)}" for detail in step.details)
        note = "  (would be removed with --prune)" if step.mark == "?" else ""
        text = f"{indent}{step.mark} {one_line(step.name)}{details}{note}"
        self.stdout.write(getattr(self.style, COLOURS[step.mark])(text) if step.mark in COLOURS else text)
        for line in rest:
            self.stdout.write(f"{indent}    {one_line(line)}")
