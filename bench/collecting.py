"""What collecting load adds to a probe: the same probes with it and without, in turns, in one process.

    .venv/bin/python -m bench.collecting --endpoints 200 --rounds 40

Probes fake engines (half Ollama, half vLLM) and stores the probes in batches, in a database of its own. Each batch is
probed both ways, one after the other by lot, since a busy machine's speed changes within a second. As in a fleet
probed every 15 s, one probe in 20 reads the engine's counters and one in 240 ends an hour.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from statistics import mean, stdev
from typing import Any
from unittest import mock

from .engines import fleet

BATCH = 13
"""Probes that a worker writes at once when 1,000 endpoints are probed every 15 s."""

COUNTERS, HOUR = 20, 240
"""Of so many probes one reads the counters, and one ends an hour."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=40, help="of both kinds each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, fleet(options.endpoints) as engines:
        os.environ |= {"PLIMSOLL_DATA": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}
        os.environ["ENDPOINTS_PER_TEAM"] = str(options.endpoints)
        fill = [sys.executable, "-m", "bench.fill", str(engines.port), str(options.endpoints), "15", "0"]
        subprocess.run(fill, check=True, stdout=subprocess.DEVNULL)
        import django

        django.setup()
        _run(options.rounds)


def _run(rounds: int) -> None:
    from fleet.engines import counters
    from fleet.models import EndpointState
    from fleet.probing import record, writer
    from fleet.probing.claims import Claim
    from fleet.probing.run import run

    ids = list(EndpointState.objects.values_list("pk", "endpoint__team_id"))
    kept: dict[int, dict[str, Any]] = {}
    without = (
        mock.patch.object(record, "_collected", return_value=({}, [])),
        mock.patch.object(counters, "read", return_value=()),
    )

    def cpu(part: list[tuple[int, int]], number: int, collects: bool) -> float:
        """CPU milliseconds of a probe."""
        began, now = time.process_time(), int(time.time())
        states = record.states(pk for pk, _ in part)
        for pk, state in states.items():
            if pk % COUNTERS == number % COUNTERS:
                state.facts.get("asked", {}).pop("counters", None)
            if collects:
                state.collected = kept.get(pk, {})
                if state.collected and random.random() < 1 / HOUR:
                    state.collected["hour"] -= 3600
        found = [each for pk, team in part if (each := run(Claim(pk, team, False, now, now + 15), states[pk]))]
        writer.write(found)
        if collects:
            kept.update({each.state.pk: each.moved["collected"] for each in found})
        return 1000 * (time.process_time() - began) / len(part)

    pairs = []
    for number in range(-COUNTERS, rounds):  # the first ones find out who answers, and read all counters once
        for n in range(0, len(ids), BATCH):
            costs = {}
            for collects in random.sample((True, False), 2):
                with ExitStack() as stack:
                    for each in () if collects else without:
                        stack.enter_context(each)
                    costs[collects] = cpu(ids[n : n + BATCH], number, collects)
            if number >= 0:
                pairs.append((costs[False], costs[True]))
    plain, added = mean(less for less, _ in pairs), [more - less for less, more in pairs]
    error = stdev(added) / len(added) ** 0.5
    print(f"{len(ids) * rounds} probes each: {plain:.3f} ms of CPU a probe without collecting")
    print(f"collecting adds {mean(added):.3f} ms (standard error {error:.3f}): ", end="")
    print(f"{100 * mean(added) / plain:.1f} % ({100 * error / plain:.1f})")


if __name__ == "__main__":
    main()
