"""manage.py advise: what a form in a file comes to."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from advisor.catalogue import load
from advisor.form.answer_files import FileMistakes, read
from advisor.result.as_json import as_json
from advisor.result.as_markdown import as_markdown
from advisor.result.compute import result
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
        try:
            forms = read(path, load())
        except FileMistakes as error:
            raise CommandError("\n".join(error.mistakes), returncode=2) from None
        if path.suffix == ".jsonl":
            for answers in forms:
                self.stdout.write(json.dumps(as_json(result(answers, changes=False)), ensure_ascii=False))
        elif options["json"]:
            self.stdout.write(json.dumps(as_json(result(forms[0])), ensure_ascii=False, indent=2))
        else:
            self.stdout.write(as_markdown(result(forms[0])))
