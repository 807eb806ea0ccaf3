"""How long a preview takes, and a file of many forms.

Run: .venv/bin/python -m bench.advise [FORMS]     (default 20000)
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from advisor.catalogue import Catalogue, load
from advisor.recommendation import recommend

PREVIEWS = 300


def form(chance: random.Random, catalogue: Catalogue, missing: float) -> dict[str, Any]:
    """Random answers; `missing` is the share of questions left out."""
    answers: dict[str, Any] = {}
    for question in catalogue.questions:
        options = [option.id for option in question.options]
        if chance.random() >= missing:
            count = chance.randint(1, len(options)) if question.many else 1
            answers[question.id] = chance.sample(options, count) if question.many else chance.choice(options)
    return answers


def previews(catalogue: Catalogue) -> None:
    """The whole computation with the nearest changes, for forms from empty to full."""
    chance = random.Random(1)
    start = time.perf_counter()
    recommend({}, catalogue)
    print(f"first preview of a process: {1000 * (time.perf_counter() - start):.0f} ms")
    took = []
    for number in range(PREVIEWS):
        answers = form(chance, catalogue, missing=number / PREVIEWS)
        start = time.perf_counter()
        recommend(answers, catalogue)
        took.append(1000 * (time.perf_counter() - start))
    took.sort()
    print(f"{PREVIEWS} previews: median {took[len(took) // 2]:.1f} ms, slowest {took[-1]:.1f} ms")


def many(catalogue: Catalogue, count: int) -> None:
    """A .jsonl file through the command line."""
    chance = random.Random(2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "forms.jsonl"
        lines = (json.dumps(form(chance, catalogue, missing=chance.random() * 0.6)) for _ in range(count))
        path.write_text("\n".join(lines), encoding="utf-8")
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "manage.py", "advise", str(path)], capture_output=True, check=True, env=os.environ
        )
    print(f"{len(done.stdout.splitlines())} forms in {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    previews(load())
    many(load(), int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
