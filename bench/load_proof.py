"""Records what Plimsoll's own probes and canaries see of a real engine under a known load.

    .venv/bin/python -m bench.load_proof http://127.0.0.1:11434 ollama deep ollama-1-slot-8-callers.jsonl.gz \
        --callers 8 --tokens 24 --canaries --settings OLLAMA_NUM_PARALLEL=1

A file is gzipped lines of JSON: what was done, and what the callers saw of it; then one reading each. Verdicts on weeks
made of such files are tested by tests/fleet/evidence/test_replays.py, and the guide draws them.
"""

import argparse
import gzip
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fleet.engines.canary import ask
from fleet.engines.canary_questions import routes
from fleet.engines.probe import probe
from fleet.engines.reading import Facts, Reading
from fleet.engines.reading_json import to_json

from .callers import Work, calling

SETTLE = 3.0
"""Seconds of load before the first reading."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("engine")
    parser.add_argument("model")
    parser.add_argument("file", type=Path)
    parser.add_argument("--callers", type=int, default=0)
    parser.add_argument("--tokens", type=int, default=160, help="of each answer")
    parser.add_argument("--words", type=int, default=20, help="of each prompt")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds that each caller waits between two questions")
    parser.add_argument("--contexts", type=int, nargs="*", default=[], help="num_ctx of the callers, in turn")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two probes")
    parser.add_argument(
        "--canaries", action="store_true", help="ask for a token with each probe, as for Ollama's waits"
    )
    parser.add_argument("--settings", default="", help="what the engine was started with, in its own words")
    options = parser.parse_args()
    contexts = [{"num_ctx": each} for each in options.contexts] or [{}]
    works = [
        Work(options.tokens, options.words, options.pause, contexts[n % len(contexts)]) for n in range(options.callers)
    ]
    with calling(options.address, options.engine, options.model, works) as seen:
        time.sleep(SETTLE if works else 0)
        readings = _read(options)
    head = {
        "engine": options.engine,
        "version": readings[-1].facts.version,
        "settings": options.settings,
        "date": datetime.now(UTC).date().isoformat(),
        "callers": options.callers,
        "tokens": options.tokens,
        "pause": options.pause,
        "seconds": round(readings[-1].at - readings[0].at, 1),
        "seen": seen.summary(),
    }
    with gzip.open(options.file, "wt") as file:
        for line in (head, *map(_line, readings)):
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
    print(json.dumps(head), f"{options.file.stat().st_size} bytes")


def _read(options: argparse.Namespace) -> list[Reading]:
    """One reading after the other; each has the facts of the one before, and the engine's counters again."""
    readings, facts = [], Facts()
    until = time.monotonic() + options.seconds
    while time.monotonic() < until:
        reading = probe(options.address, engine=options.engine, known=facts)
        model = next((each for each in reading.facts.models if each.name.startswith(options.model)), None)
        if options.canaries and model and reading.failure is None:
            paths = routes(options.engine, model, reading.facts.api)
            reading = ask(options.address, options.engine, model, paths, reading)
        readings.append(reading)
        asked = {name: at for name, at in reading.facts.asked.items() if name != "counters"}
        facts = replace(reading.facts, asked=asked)
        time.sleep(options.every)
    return readings


def _line(reading: Reading) -> dict[str, Any]:
    """A reading without its requests and without what the probe remembers for itself."""
    kept = to_json(reading)
    kept = {name: kept[name] for name in ("at", "load", "failure", "canary", "counted") if name in kept}
    return {**kept, "models": [to_json(each) for each in reading.facts.models if each.loaded is not None]}


if __name__ == "__main__":
    main()
