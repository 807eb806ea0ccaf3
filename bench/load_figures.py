"""The figures that the guide draws, of the recordings in tests/fleet/evidence/recordings.

.venv/bin/python -m bench.load_figures      # after a new recording: writes advisor/guide/load_figures.json
"""

import json
from pathlib import Path
from typing import Any

from advisor.guide.load_drawings import FIGURES
from tests.fleet.evidence.replays import SAMPLES, Recording

from .product import quantile

WAITS = (*(f"ollama-1-slot-{each}" for each in ("1-caller", "2-callers", "4-callers", "8-callers")),
         "ollama-2-slots-8-callers")  # fmt: skip
QUEUES = ("vllm-2-sequences-8-callers", "vllm-full-cache-16-callers")


def figures(folder: Path = SAMPLES) -> dict[str, Any]:
    """Waits of Ollama's canaries in ms by callers; requests running and waiting on vLLM, a point a probe, and the share
    of the KV cache in use."""
    return {"waits": [_waits(Recording.named(name)) for name in WAITS],
            "queues": [_queue(Recording.named(name)) for name in QUEUES]}  # fmt: skip


def _about(recording: Recording) -> dict[str, Any]:
    return {name: recording.head[name] for name in ("version", "date", "settings", "callers")}


def _waits(recording: Recording) -> dict[str, Any]:
    waits = [canary.wait_ms for canary in recording.canaries() if canary.wait_ms is not None]
    middle, high = (round(quantile(waits, share)) for share in (0.5, 0.95))
    return {**_about(recording), "canaries": len(waits), "p50": middle, "p95": high}


def _queue(recording: Recording) -> dict[str, Any]:
    loads = [each.load for each in recording.readings if each.load.running is not None]
    began = recording.readings[0].at
    points = [
        [round(each.at - began, 1), each.load.running, each.load.waiting, round(100 * (each.load.kv_cache_usage or 0))]
        for each in recording.readings
        if each.load.running is not None
    ]
    return {**_about(recording), "probes": len(loads), "points": points}


if __name__ == "__main__":
    FIGURES.write_text(json.dumps(figures(), indent=1) + "\n", "utf-8")
