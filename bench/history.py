"""How long the history takes: rolling it up, its charts and the availability, over a month of it.

    python -m bench.history [endpoints, default 500] [seconds between probes, default 5]

Makes a database of its own in a temporary folder: rollups of a month for every endpoint (90 days of days), raw
observations of the last hour, and all minutes of one endpoint.
"""

import os
import random
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import django

DAYS = 30
SUMS = {
    "latency_ms": [12, 109.2, 7.1, 15.0],
    "running": [12, 36.0, 2, 4],
    "waiting": [12, 0, 0, 0],
    "kv_cache_usage": [12, 3.12, 0.2, 0.4],
    "busy": [12, 12, 1, 1],
}


def measure(endpoints: int, interval: int) -> None:
    """Fills the database and prints one line for each thing measured."""
    from fleet.display.time_span import RANGES, up_to
    from fleet.history import rollups, upkeep
    from fleet.models import Rollup
    from fleet.queries import availability
    from fleet.queries.series import history
    from teams.models import Team

    now = int(time.time()) // 3600 * 3600 + 120  # the minutes of the hour before are complete
    team = Team.objects.create(name="Bench", slug="bench", mail_to=[])
    fleet = _fill(team, endpoints, interval, now)
    print(f"{endpoints} endpoints every {interval} s: {Rollup.objects.count()} rollups of {DAYS} days")
    _measure("one hour rolled up to minutes", lambda: rollups.roll_up(_at(now), 600))
    _observe(fleet, interval, now - 120, now - 60)
    _measure("one minute more", lambda: rollups.roll_up(_at(now + 60), 600))
    _measure("an hour more", lambda: rollups.roll_up(_at(now + 600), 600))
    _measure("nothing to do", lambda: rollups.roll_up(_at(now + 600), 600))
    for key in ("7d", "30d", "90d"):
        _measure(f"chart of {key}", lambda key=key: history(fleet[0], up_to(RANGES[key], now), now), 10)
    _measure("availability of an endpoint", lambda: availability.of_endpoint(fleet[0], now), 10)
    _measure(f"availability of a team of {min(40, endpoints)}", lambda: availability._lines(fleet[:40], now), 5)
    _measure(f"availability of a team of {endpoints}", lambda: availability.of_team(team, now))
    _measure("pruning", lambda: upkeep.prune(_at(now + 600)))


def _fill(team, endpoints: int, interval: int, now: int) -> list:
    from fleet.models import Endpoint, EndpointState

    fleet = Endpoint.objects.bulk_create(
        Endpoint(team=team, name=f"gpu-{n}", url=f"http://gpu-{n}:8000", interval=interval) for n in range(endpoints)
    )
    EndpointState.objects.create(endpoint=fleet[0], engine="vllm")
    _count(fleet[0], now)
    hour, day = now // 3600 * 3600, now // 86400 * 86400
    for endpoint in fleet:
        _rolled(endpoint, "day", 86400, day - 90 * 86400, day)
        _rolled(endpoint, "hour", 3600, hour - DAYS * 86400, hour - 3600)
        _rolled(endpoint, "minute", 60, hour - 7200, hour - 3600)
    _rolled(fleet[0], "minute", 60, hour - 8 * 86400, hour - 7200)
    _observe(fleet, interval, hour - 3600, now - 120)
    return fleet


def _rolled(endpoint, span: str, width: int, start: int, end: int) -> None:
    from fleet.models import Rollup

    sums = SUMS | {"seconds": [12, width, 5, 5]}
    Rollup.objects.bulk_create(
        Rollup(endpoint=endpoint, span=span, start=_at(t), counts={"up": 12}, worst="up", sums=sums)
        for t in range(start, end, width)
    )


def _count(endpoint, now: int) -> None:
    """Two weeks of hours of what vLLM counts itself, and the days before, in 17 buckets a histogram."""
    from fleet.evidence import counts
    from fleet.models import BucketEdges, LoadHour

    names = [f"{name}.{n}" for name in ("ttft", "itl", "queue", "e2e") for n in range(17)]
    counted = counts.pack(dict.fromkeys(names, 40) | {"seconds": 3600, "requests": 680, "generation_tokens": 90_000})
    buckets = [*map(str, range(1, 17)), "+Inf"]
    edges = BucketEdges.objects.create(digest="bench", edges=dict.fromkeys(("ttft", "itl", "queue", "e2e"), buckets))
    hour, first = now // 3600 * 3600, now // 86400 * 86400 - 14 * 86400
    stretches = [(start, 3600) for start in range(first, hour, 3600)]
    stretches += [(start, 86400) for start in range(first - 76 * 86400, first, 86400)]
    LoadHour.objects.bulk_create(
        LoadHour(endpoint=endpoint, start=start, seconds=seconds, model="m", counts=counted, edges=edges)
        for start, seconds in stretches
    )


def _observe(fleet: list, interval: int, start: int, end: int) -> None:
    from fleet.models import Observation

    dice = random.Random(start)
    for moment in range(start, end, interval):
        Observation.objects.bulk_create(
            Observation(
                endpoint=endpoint, at=_at(moment + dice.random()), status="up", latency_ms=dice.uniform(2, 40),
                running=dice.randint(0, 9), waiting=0, kv_cache_usage=dice.random(), busy=True,
            )
            for endpoint in fleet
        )  # fmt: skip


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _measure(name: str, work, runs: int = 1) -> None:
    taken, used = [], time.process_time()
    for _ in range(runs):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    used = (time.process_time() - used) * 1000 / runs
    print(f"{name:36} {sorted(taken)[len(taken) // 2]:8.0f} ms, CPU {used:7.0f} ms")


if __name__ == "__main__":
    from django.core.management import call_command

    with tempfile.TemporaryDirectory() as folder:
        os.environ["PLIMSOLL_DATA"] = str(Path(folder))
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        django.setup()
        call_command("migrate", verbosity=0)
        asked = [int(number) for number in sys.argv[1:3]]
        measure(*asked, *(500, 5)[len(asked) :])
