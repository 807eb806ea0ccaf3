"""How long a tick takes to claim what is due, by the number of endpoints.

    python -m bench.claims [endpoints, default 10000] [interval in seconds, default 15]     prints JSON

In a database of its own: SQLite in a temporary folder, or the empty one of DATABASE_URL. A tick a second, for so many
seconds that each endpoint is claimed ROUNDS times, after one round that is not measured.
"""

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import django

from . import servers
from .product import END_WITH_US, ROOT, Scale, progress
from .table import CannotRun, Row

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

ROUNDS = 4
GOALS = {10_000: 40, 50_000: 150}
"""Endpoints -> ms of a tick, p95."""


def ticks(scale: Scale) -> Iterator[Row]:
    """Runs this module for both numbers of endpoints, on SQLite and on PostgreSQL."""
    for kind in ("SQLite", "PostgreSQL"):
        for endpoints in (scale.many, scale.most):
            figure, goal = f"claim at {endpoints:,} endpoints on {kind}, p95 of a tick", GOALS.get(endpoints)
            progress(figure)
            with ExitStack() as stack:
                environment = {**os.environ, "DATABASE_URL": ""}
                if kind == "PostgreSQL":
                    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                    try:
                        environment["DATABASE_URL"] = stack.enter_context(servers.postgres(folder / "postgres"))
                    except CannotRun as why:
                        yield Row(figure, None, goal=goal, unit="ms", note=str(why))
                        continue
                command = [*END_WITH_US, sys.executable, "-m", "bench.claims", str(endpoints), str(scale.interval)]
                done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
            found = json.loads(done.stdout)
            yield Row(figure, found["p95"], "ms", goal, note=f"p50 {found['p50']:.0f} ms, max {found['max']:.0f} ms")


def measure(endpoints: int, interval: int) -> dict[str, float]:
    """Milliseconds of a tick: "p50", "p95" and "max"; "claims" of one tick on average."""
    from fleet.models import Endpoint, EndpointState
    from fleet.probing import claims
    from fleet.verdict import schedule
    from teams.models import Team

    now = int(time.time())
    teams = [Team.objects.create(name=f"Team {n}", slug=f"team-{n}") for n in range(max(2, endpoints // 200))]
    for start in range(0, endpoints, 2000):
        made = Endpoint.objects.bulk_create(
            Endpoint(team=teams[n % len(teams)], name=f"gpu-{n}", url=f"http://gpu-{n}:8000", interval=interval)
            for n in range(start, min(start + 2000, endpoints))
        )
        EndpointState.objects.bulk_create(
            EndpointState(endpoint=each, due_at=schedule.next_due(now, interval, str(each.pk))) for each in made
        )
    gc.collect()
    gc.freeze()  # as ops.up does before it forks: the product's collections don't walk what was loaded at its start
    taken, found = [], 0
    for tick in range(1, interval * (ROUNDS + 1) + 1):
        began = time.perf_counter()
        claimed = len(claims.claim(now + tick))
        if tick > interval:
            found += claimed
            taken.append((time.perf_counter() - began) * 1000)
    if found != endpoints * ROUNDS:
        raise SystemExit(f"{found} of {endpoints} endpoints were claimed")
    taken.sort()
    at = [taken[min(len(taken) - 1, int(len(taken) * share))] for share in (0.5, 0.95)]
    return {"p50": at[0], "p95": at[1], "max": taken[-1], "claims": found / len(taken)}


if __name__ == "__main__":
    from django.core.management import call_command

    with tempfile.TemporaryDirectory() as folder:
        os.environ["PLIMSOLL_DATA"] = folder
        django.setup()
        call_command("migrate", verbosity=0)
        given = [int(number) for number in sys.argv[1:3]]
        endpoints, interval = [*given, *(10_000, 15)[len(given) :]]
        print(json.dumps({"endpoints": endpoints, "interval": interval, **measure(endpoints, interval)}))
