"""A fleet of fake engines in a process of its own, half Ollama, half vLLM with a metrics page of 38 kB.

    python -m bench.engines ENGINES [PORT]     plays them at /e/0, /e/1, ... and takes orders on its standard input

An order is one line of JSON: {"fail": [0, 1]} has those answer 503, {"heal": true} all answer again, {"hang": 40} has
the first 40 take requests and never answer, {"delay": 0.5} has all answer so many seconds later. Each order is answered
by one line: {"first": unix seconds of the first request since the order before, "failed": {engine: unix seconds of its
first failing answer}, "loads": [[engine, running, unix seconds] of the latest metrics]}.
"""

import json
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.fake_engine import Answer, Play, Server

from .product import free_port, running

METRICS = 38_000
"""Bytes of a vLLM's metrics page."""

KINDS = ("ollama", "vllm")


class Engine(Play):
    """One of them. Each look at a vLLM's metrics finds one more running request, so that a page shows which it was."""

    def __init__(self, number: int, noted: "Notes") -> None:
        super().__init__(KINDS[number % 2])
        self.pad_metrics(METRICS)
        self.generated, self.generating = 0, 50  # or it would be taken for one that works on nothing
        self.number, self.noted = number, noted

    def answer(self, request: str, key: str | None) -> Answer:
        """As the base class does, noting the time."""
        now = time.time()
        self.noted.first = self.noted.first or now
        if self.status is not None:
            self.noted.failed.setdefault(self.number, now)
        elif request == "GET /metrics" and self.engine == "vllm":
            self.running = (self.running or 0) % 9999 + 1
            self.noted.loads.append((self.number, self.running, now))
        return super().answer(request, key)


class Notes:
    """What came to pass since the last order."""

    def __init__(self) -> None:
        self.first: float | None = None
        self.failed: dict[int, float] = {}
        self.loads: deque[tuple[int, int, float]] = deque(maxlen=20_000)


def play(count: int, port: int) -> None:
    """Plays until the standard input ends."""
    notes = Notes()
    engines = [Engine(n, notes) for n in range(count)]
    server = Server({f"/e/{engine.number}": engine for engine in engines}, port)
    print(json.dumps({"port": server.port}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        for number in order.get("fail", ()):
            engines[number].status = 503
        for engine in engines:
            if order.get("heal"):
                engine.status, engine.hang = None, False
            engine.hang = engine.hang or engine.number < order.get("hang", 0)
            engine.delay = order.get("delay", engine.delay)
        print(json.dumps({"first": notes.first, "failed": notes.failed, "loads": list(notes.loads)}), flush=True)
        notes.first = None
        notes.loads.clear()
        if order.get("heal"):
            notes.failed.clear()
    server.close()


@dataclass
class Engines:
    """The fleet's process, from outside."""

    process: subprocess.Popen[str]
    port: int

    def order(self, **order: Any) -> dict[str, Any]:
        """Gives an order (see the module) and returns the answer; without words it only asks."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def failed(self) -> dict[int, float]:
        """Engine -> unix seconds of its first failing answer, since all were healed."""
        return {int(engine): at for engine, at in self.order()["failed"].items()}


@contextmanager
def fleet(count: int) -> Iterator[Engines]:
    """So many engines as long as the context lasts."""
    command = [sys.executable, "-m", "bench.engines", str(count), str(free_port())]
    with running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Engines(process, json.loads(process.stdout.readline())["port"])


if __name__ == "__main__":
    play(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
