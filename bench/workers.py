"""Two probe workers against one, on PostgreSQL and Redis, where engines are slow and no core is full."""

import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg

from . import servers
from .engines import fleet
from .product import Scale, answers, cpu_by_name, installation, progress, running, wait_for
from .table import Row

SLOW = 0.7
"""Seconds before each answer of an engine."""

THREADS = 16
"""Probe threads of a worker: so few that more checks are due than two workers can carry."""


def two(scale: Scale) -> Iterator[Row]:
    """Counts the stored checks of one worker, and then of two."""
    count = max(THREADS, scale.small)
    with (
        fleet(count) as engines,
        installation() as product,
        tempfile.TemporaryDirectory() as folder,
        Path(folder, "log").open("w") as log,
        servers.postgres(Path(folder, "postgres")) as database,
        servers.redis(product.folder) as broker,
    ):
        keys = {name: secrets.token_urlsafe(48) for name in ("SECRET_KEY", "FIELD_KEYS")}  # all parts need the same
        product.more |= {"DATABASE_URL": database, "REDIS_URL": broker, "PROBE_THREADS": str(THREADS), **keys}
        product.register(engines.port, count, 5)
        engines.order(delay=SLOW)

        def part(name: str) -> AbstractContextManager[subprocess.Popen]:
            command = [sys.executable, "manage.py", "run", name]
            return running(command, env=product.environment, stdout=log, stderr=log)

        def measured(pids: list[int], what: str) -> tuple[float, float]:
            time.sleep(scale.warm_up / 2)
            progress(f"{what} for {scale.measured / 2:.0f} s")
            before, began = checks(), time.monotonic()
            used = sum(cpu_by_name(pid).total() for pid in pids)
            time.sleep(scale.measured / 2)
            seconds = time.monotonic() - began
            return (checks() - before) / seconds, (sum(cpu_by_name(pid).total() for pid in pids) - used) / seconds

        def checks() -> int:
            with psycopg.connect(database) as connection:
                return connection.execute("SELECT count(*) FROM fleet_observation").fetchone()[0]

        with part("web"), part("general"), part("probe") as first:
            ready = f"http://127.0.0.1:{product.port}/health/ready"
            wait_for(lambda: answers(ready), 120, "the parts were not ready", 0.2)
            one, _ = measured([first.pid], "one probe worker")
            with part("probe") as second:
                both, used = measured([first.pid, second.pid], "two probe workers")
        note = f"{one:.1f} and {both:.1f} checks/s of {count} endpoints due every 5 s; {THREADS} threads a worker, "
        note += f"{2 * SLOW:.1f} s a check; both use {used * 100:.0f} % of a core"
        yield Row("two probe workers / one, slow engines", both / one, "", 1.9, at_least=True, note=note)
