"""Several processes of each part on PostgreSQL and Redis: does each endpoint get its probe once, and what a kill costs.

    .venv/bin/python -m bench.two_workers --endpoints 200 --interval 5 --seconds 60

Starts a PostgreSQL cluster and a Redis of its own (Debian: postgresql, redis-server or valkey-server) and the parts as
compose.yaml does, by `manage.py run`: one web, two probe, two general. Counts probes for --seconds, kills one probe
worker and one general worker (SIGKILL) without starting them again, adds an endpoint that refuses connections, counts
for as long again, and prints what it found. Exit code 1 when a probe was made twice, an endpoint was left out, or the
outage gave no alert. As root PostgreSQL runs as the user postgres.
"""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import django
from django.db import connection

from .engines import fleet
from .product import answers, free_port, memory, part, quantile, wait_for
from .servers import CONNECTIONS, postgres, redis

PARTS = ("web", "probe", "probe", "general", "general")
BYTES = "SELECT pg_total_relation_size('{0}')::float / (SELECT count(*) FROM {0})"
REFUSES = "http://127.0.0.1:9"


def main() -> int:
    options = _options()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        port = str(free_port())
        os.environ |= {
            "DATABASE_URL": stack.enter_context(postgres(folder / "postgres")),
            "REDIS_URL": stack.enter_context(redis(folder)),
            "SECRET_KEY": secrets.token_urlsafe(48),
            "FIELD_KEYS": secrets.token_urlsafe(36),
            "PLIMSOLL_DATA": str(folder / "data"),
            "PORT": port,
            "ENDPOINTS_PER_TEAM": "100000",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        engines = stack.enter_context(fleet(options.endpoints))
        parts = [stack.enter_context(part(PARTS[0], 0, os.environ))]
        url = f"http://127.0.0.1:{port}/health"
        wait_for(
            lambda: answers(f"{url}/live"), 120, "the web server did not answer", 0.2
        )  # the database is ready then
        django.setup()
        _register(engines.port, options)
        parts += [stack.enter_context(part(name, n, os.environ)) for n, name in enumerate(PARTS) if n]
        wait_for(lambda: answers(f"{url}/ready"), 120, "the parts were not ready", 0.2)
        # What is overdue by now is caught up by 100 a second.
        time.sleep(2 * options.interval + options.endpoints / 100)
        postmaster = int((folder / "postgres/data/postmaster.pid").read_text().split()[0])
        return _count(options, parts, postmaster)


def cpu_seconds(pid: int) -> float:
    """What a process, its children and those of its session have used so far."""
    used = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # gone meanwhile
            fields = file.read_text().rsplit(")", 1)[1].split()
            if pid in (int(file.parent.name), int(fields[1]), int(fields[3])):
                used += int(fields[11]) + int(fields[12])
    return used / os.sysconf("SC_CLK_TCK")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=200)
    parser.add_argument("--interval", type=int, default=5, help="seconds")
    parser.add_argument("--seconds", type=int, default=60, help="length of each of the two stretches")
    return parser.parse_args()


def _register(port: int, options: argparse.Namespace) -> None:
    from fleet.endpoints import actions
    from teams.models import Team

    for number in range(4):
        team = Team.objects.create(name=f"Team {number}", slug=f"team-{number}", mail_to=["oncall@example.org"])
        for n in range(number, options.endpoints, 4):
            url = f"http://127.0.0.1:{port}/e/{n}"
            actions.add(team, name=f"e{n:05}", url=url, interval=options.interval, timeout=3.0)


def _count(options: argparse.Namespace, parts: list[subprocess.Popen], postmaster: int) -> int:
    from core.redis_clients import client
    from fleet.endpoints import actions
    from fleet.models import Alert, Endpoint
    from teams.models import Team

    pids = {"postgres": postmaster} | {
        f"{name} {n}": each.pid for n, (name, each) in enumerate(zip(PARTS, parts, strict=True))
    }
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    good = _stretch("two of each", options)
    probes = options.endpoints * options.seconds / options.interval
    used = {name: (cpu_seconds(pid) - before[name]) / probes * 1000 for name, pid in pids.items()}
    print("  CPU s per 1,000 probes:", ", ".join(f"{name} {seconds:.1f}" for name, seconds in used.items()))
    print(f"  memory (PSS), MiB: {', '.join(f'{name} {memory(pid):.0f}' for name, pid in pids.items())}")
    for table in ("fleet_observation", "fleet_trace"):
        print(f"  bytes of a row with its indexes, {table}: {_one(BYTES.format(table)):.0f}")
    print(f"  memory of Redis: {client().info('memory')['used_memory'] / 2**20:.1f} MiB")
    for killed in (parts[1], parts[3]):
        os.killpg(killed.pid, 9)
    print("killed one probe worker and one general worker")
    team = Team.objects.get(slug="team-0")
    lost = actions.add(team, name="refuses", url=REFUSES, interval=options.interval, timeout=3.0, fail_after=2)
    good = _stretch("after the kill", options) and good
    alerts = Alert.objects.filter(incident__endpoint=lost, kind="down").count()
    print(f"alerts about the outage that began after the kill: {alerts}")
    return 0 if good and alerts == 1 and Endpoint.objects.count() == options.endpoints + 1 else 1


def _stretch(name: str, options: argparse.Namespace) -> bool:
    """Counts for a while and prints what it saw; whether each endpoint got each probe, and none twice."""
    from fleet.models import Endpoint, Observation

    began, end = datetime.now(UTC), time.monotonic() + options.seconds
    connections: dict[str, int] = {}
    while time.monotonic() < end:
        for part_name, number in _all(CONNECTIONS):
            connections[part_name] = max(number, connections.get(part_name, 0))
        time.sleep(0.5)
    rows = Observation.objects.filter(at__gt=began).exclude(endpoint__name="refuses").order_by("at")
    dues, moments = defaultdict(list), defaultdict(list)
    late = []
    for endpoint, at, late_ms in rows.values_list("endpoint_id", "at", "late_ms"):
        moments[endpoint].append(at.timestamp())
        late.append(late_ms)
        dues[endpoint].append(round(at.timestamp() - late_ms / 1000))
    doubles = sum(len(found) - len(set(found)) for found in dues.values())
    gaps = sorted(b - a for found in moments.values() for a, b in pairwise(found))
    without = Endpoint.objects.exclude(name="refuses").exclude(pk__in=moments).count()
    expected = options.endpoints * options.seconds // options.interval
    print(f"{name}: {len(late)} probes of {expected} expected, {doubles} twice, {without} endpoints without one")
    p50, p99 = quantile(late, 0.5), quantile(late, 0.99)
    print(f"  lateness p50 {p50:.0f} ms, p99 {p99:.0f} ms; longest gap {gaps[-1]:.1f} s")
    errors = sorted(abs(gap - options.interval) * 1000 for gap in gaps)
    print(f"  spacing error p50 {quantile(errors, 0.5):.0f} ms, p99 {quantile(errors, 0.99):.0f} ms")
    print(
        f"  most connections at once: {', '.join(f'{name} {number}' for name, number in sorted(connections.items()))}"
    )
    return not doubles and not without


def _one(query: str) -> float:
    return _all(query)[0][0]


def _all(query: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


if __name__ == "__main__":
    sys.exit(main())
