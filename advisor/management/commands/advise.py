"""manage.py advise: what a form in a file comes to."""

import json
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from advisor.catalogue import Catalogue, load
from advisor.form.answer_files import FileMistakes, read
from advisor.recommendation import Answers, recommend
from advisor.result.as_json import as_json
from advisor.result.as_markdown import render_markdown
from core.terminal import TerminalCommand

ABOUT = """Prints what the answers in a file come to: Ollama, vLLM, both or neither, with the reasons.

The file is a JSON object of question ids and option ids. A question that is left out or null means "don't know".

    {"goal": "runtime", "callers": "me", "machines": ["mac"], "os_floor": "met", "pain": "access"}

With --json the result is JSON instead of Markdown. A file whose name ends in .jsonl holds one form a line, and the
result is one JSON object a line, without the nearest changes and the ways out.

Exit code: 0 done; 2 the file can't be read or has mistakes, which are all listed, and no result was printed."""


class Command(TerminalCommand):
    help = ABOUT

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="a .json file, or a .jsonl file of many forms")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        catalogue = load()
        try:
            forms = read(path, catalogue)
        except FileMistakes as error:
            raise CommandError("\n".join(error.mistakes), returncode=2) from None
        today = timezone.localdate()
        if path.suffix == ".jsonl":
            for answers in forms:
                self.stdout.write(_line(answers, catalogue, today))
        else:
            self.stdout.write(_whole(forms[0], catalogue, today, as_data=options["json"]))


def _line(answers: Answers, catalogue: Catalogue, on: date) -> str:
    advice = recommend(answers, catalogue, changes=False)
    return json.dumps(as_json(advice, answers, catalogue, on), ensure_ascii=False)


def _whole(answers: Answers, catalogue: Catalogue, on: date, *, as_data: bool) -> str:
    advice = recommend(answers, catalogue)
    if as_data:
        return json.dumps(as_json(advice, answers, catalogue, on), ensure_ascii=False, indent=2)
    return render_markdown(advice, answers, catalogue, on)
