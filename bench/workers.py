"""Several workers on PostgreSQL and Redis: two against one where engines are slow, and ten thousand endpoints."""

import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import psycopg

from . import servers
from .engines import Engines, fleet
from .product import Product, Scale, answers, cpu_by_name, installation, part, progress, wait_for
from .table import Row

SLOW = 0.7
"""Seconds before each answer of an engine."""

THREADS = 16
"""Probe threads of a worker: so few that more checks are due than two workers can carry."""

UNKNOWN = "SELECT count(*) FROM fleet_endpointstate WHERE engine = ''"

SPACING = """WITH gaps AS (
        SELECT extract(epoch FROM at - lag(at) OVER (PARTITION BY endpoint_id ORDER BY at)) AS gap
        FROM fleet_observation WHERE at > '{began}'
    ), errors AS (SELECT abs(gap - {interval}) AS error FROM gaps WHERE gap IS NOT NULL)
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY error), percentile_cont(0.99) WITHIN GROUP (ORDER BY error)
    FROM errors"""


@dataclass(frozen=True, slots=True)
class Parts:
    """Starts single parts of a product on a PostgreSQL and a Redis of its own; its fake engines take orders."""

    engines: Engines
    product: Product
    database: str  # its URL
    log: TextIO

    def start(self, name: str, number: int = 1) -> AbstractContextManager[subprocess.Popen]:
        """As product.part, with the log of all of them."""
        return part(name, number, self.product.environment, stdout=self.log, stderr=self.log)

    def wait_ready(self) -> None:
        """Waits until all that must run does."""
        ready = f"http://127.0.0.1:{self.product.port}/health/ready"
        wait_for(lambda: answers(ready), 120, "the parts were not ready", 0.2)

    def ask(self, query: str) -> list[tuple]:
        """The rows of a query."""
        with psycopg.connect(self.database) as connection:
            return connection.execute(query).fetchall()

    def checks(self) -> int:
        """Stored so far."""
        return self.ask("SELECT count(*) FROM fleet_observation")[0][0]


@contextmanager
def parts_for(count: int, interval: int, **settings: str) -> Iterator[Parts]:
    """A product with `count` endpoints that are due every `interval` seconds; nothing of it runs yet."""
    with (
        fleet(count) as engines,
        installation() as product,
        tempfile.TemporaryDirectory() as folder,
        Path(folder, "log").open("w") as log,
        servers.postgres(Path(folder, "postgres")) as database,
        servers.redis(product.folder) as broker,
    ):
        keys = {name: secrets.token_urlsafe(48) for name in ("SECRET_KEY", "FIELD_KEYS")}  # all parts need the same
        product.more |= {"DATABASE_URL": database, "REDIS_URL": broker, **keys, **settings}
        product.register(engines.port, count, interval)
        yield Parts(engines, product, database, log)


def two(scale: Scale) -> Iterator[Row]:
    """Counts the stored checks of one worker, and then of two.

    Engines become slow once each is known: what its first probe finds out takes longest, and counts for minutes.
    """
    count = max(THREADS, scale.small)
    with parts_for(count, 5, PROBE_THREADS=str(THREADS)) as parts:

        def measured(pids: list[int], what: str) -> tuple[float, float]:
            time.sleep(scale.warm_up)  # until their intervals are stretched to what the threads carry
            progress(f"{what} for {scale.warm_up:.0f} s")
            before, began = parts.checks(), time.monotonic()
            used = sum(cpu_by_name(pid).total() for pid in pids)
            time.sleep(scale.warm_up)
            seconds = time.monotonic() - began
            return (parts.checks() - before) / seconds, (sum(cpu_by_name(pid).total() for pid in pids) - used) / seconds

        with parts.start("web"), parts.start("general"), parts.start("probe") as first:
            parts.wait_ready()
            wait_for(lambda: parts.ask(UNKNOWN) == [(0,)], 60, "some engines were not known")
            parts.engines.order(delay=SLOW)
            one, _ = measured([first.pid], "one probe worker")
            with parts.start("probe") as second:
                both, used = measured([first.pid, second.pid], "two probe workers")
            [(took,)] = parts.ask("SELECT avg(probe_seconds) FROM fleet_endpointstate")
        note = f"{one:.1f} and {both:.1f} checks/s of {count} endpoints due every 5 s; {THREADS} threads a worker, "
        note += f"{took:.1f} s of a thread a check; both use {used * 100:.0f} % of a core"
        yield Row("two probe workers / one, slow engines", both / one, "", 1.9, at_least=True, note=note)


def many(scale: Scale) -> Iterator[Row]:
    """Ten thousand endpoints on two probe workers and two general ones: how evenly, and with how many connections."""
    count, interval = scale.many, scale.interval
    with parts_for(count, interval) as parts, ExitStack() as stack:
        numbered = [("web", 1), ("probe", 1), ("probe", 2), ("general", 1), ("general", 2)]
        pids = [stack.enter_context(parts.start(*each)).pid for each in numbered]
        parts.wait_ready()
        time.sleep(2 * interval + count / 100)  # what is overdue by now is caught up by 100 a second
        progress(f"{count:,} endpoints on PostgreSQL for {scale.measured:.0f} s")
        [(began,)], before = parts.ask("SELECT now()"), parts.checks()
        used, end = sum(cpu_by_name(pid).total() for pid in pids), time.monotonic() + scale.measured
        most = 0
        while time.monotonic() < end:
            most = max(most, *(number for _, number in parts.ask(servers.CONNECTIONS)))
            time.sleep(0.5)
        checks = parts.checks() - before
        used = sum(cpu_by_name(pid).total() for pid in pids) - used
        [(p50, p99)] = parts.ask(SPACING.format(began=began.isoformat(), interval=interval))
    note = f"p50 {p50 * 1000:.0f} ms, {100 * checks * interval / count / scale.measured:.1f} % of the checks due, "
    note += f"{1000 * used / checks:.2f} CPU s per 1,000 of them besides PostgreSQL"
    yield Row(f"{count:,} endpoints on PostgreSQL, spacing error p99", 1000 * float(p99), "ms", 1000, note=note)
    yield Row(f"{count:,} endpoints on PostgreSQL, connections of a process", most, "", 20)
