"""How long pages take, asked for by HTTP: the board of a living fleet, and the pages of a large one."""

import http.client
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from fleet.queries.filters import SORTS

from . import servers
from .living import Living
from .product import ROOT, Product, Scale, answers, cpu, installation, progress, quantile, running, wait_for
from .table import Row

PAGES = {"board": "/", "search by name": "/?q=gpu-77", "search by model": "/?q=qwen", "models": "/models/",
         "models, search": "/models/?q=qwen", "search of the site": "/search/?q=qwen",
         **{f"board sorted by {column}": f"/?sort={column}" for column in SORTS}}  # fmt: skip
GOAL = 200
"""ms until the first byte of each of them."""

PAUSE = 0.3
"""Seconds between two requests: some rows move."""


def living_board(living: Living) -> Iterator[Row]:
    """The board while its endpoints are watched; the first request is the first page that this process makes."""
    count = living.count
    progress(f"board of {count} endpoints")
    web = living.product.cpu()["web"]
    _, size = fetch(living.product, "/")
    yield Row(f"board of {count:,}, CPU of the first request of a process", (living.product.cpu()["web"] - web) * 1000,
              "ms", 150, note="in steps of 10 ms")  # fmt: skip
    taken = []
    for _ in range(living.scale.requests):
        time.sleep(PAUSE)
        taken.append(fetch(living.product, "/")[0])
    note = f"p50 {quantile(taken, 0.5):.0f} ms"
    yield Row(f"board of {count:,}, first byte p95", quantile(taken, 0.95), "ms", 60, note=note)
    yield Row(f"board of {count:,}, bytes on the wire (gzip)", size / 1000, "kB", 150)


def many(scale: Scale) -> Iterator[Row]:
    """The pages of a large fleet, of which a fifth moves between two requests, as in three seconds at 15 s."""
    progress(f"pages of {scale.many} endpoints")
    turns = max(1, scale.requests // 2)
    with web(scale.many) as (product, pid):
        for name, path in PAGES.items():
            fetch(product, path)
            taken, before = [], cpu(pid)
            for turn in range(turns):
                _move(product.folder, turn % 5)
                taken.append(fetch(product, path)[0])
            note = f"p50 {quantile(taken, 0.5):.0f} ms, CPU {(cpu(pid) - before) / turns * 1000:.0f} ms"
            yield Row(f"{name} of {scale.many:,}, first byte p95", quantile(taken, 0.95), "ms", GOAL, note=note)


@contextmanager
def web(endpoints: int) -> Iterator[tuple[Product, int]]:
    """The web process alone, with a database of invented endpoints; yields its number, too."""
    with installation() as product, servers.redis(product.folder) as broker:
        product.more["REDIS_URL"] = broker
        product.register(0, 0, 15)
        command = [sys.executable, "-m", "bench.seed", str(endpoints), "0"]
        subprocess.run(command, cwd=ROOT, env=product.environment, check=True)
        log = (product.folder / "log").open("w")
        command = [sys.executable, "manage.py", "run", "web"]
        with log, running(command, env=product.environment, stdout=log, stderr=log) as process:
            url = f"http://127.0.0.1:{product.port}/health/live"
            wait_for(lambda: answers(url), 60, "the web process did not answer")
            yield product, process.pid


def fetch(product: Product, path: str) -> tuple[float, int]:
    """ms until the first byte, and bytes of the body as sent. Raises RuntimeError unless the answer is a 200."""
    connection = http.client.HTTPConnection("127.0.0.1", product.port, timeout=60)
    cookie = f"plimsoll_session={product.session}"
    headers = {"Host": "localhost", "Cookie": cookie, "Accept-Encoding": "gzip", "Accept": "text/html"}
    with closing(connection):
        began = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        taken = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            raise RuntimeError(f"GET {path} was answered by {answer.status}")
        return taken, len(answer.read())


def _move(folder: Path, fifth: int) -> None:
    """Moves the rows of a fifth of the endpoints, as their checks do."""
    now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()) + f".{time.time_ns() // 1000 % 1_000_000:06}"
    with closing(sqlite3.connect(folder / "plimsoll.sqlite3", timeout=30)) as database, database:
        database.execute(
            "UPDATE fleet_endpointstate SET latency_ms = ?, shown_at = ?, seen_at = ? WHERE endpoint_id % 5 = ?",
            (random.random() * 100, now, now, fifth),
        )
