"""How long the pages of the whole fleet take: the board, its search, the models, and one live update.

    python -m bench.board [runs, default 20] [endpoints, default 1000]

Measures the database of the settings; an empty one gets so many invented endpoints first (bench.seed).
Use a PLIMSOLL_DATA of its own.

"in all" is what a viewer waits for the first byte, less the network: middleware, queries, template, compression. In a
living fleet every row moves once in 15 s: before each run a fifth of the rows is moved, as in three seconds. Times are
of the wall clock; CPU stands beside them, for machines that do other work.
"""

import gzip
import os
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from statistics import median

import django

from .seed import seed

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def measure(runs: int) -> None:
    """Prints the median and the worst of so many runs."""
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from fleet.models import EndpointState
    from fleet.queries import rows
    from fleet.queries.board import Filters, board

    client = Client(HTTP_HOST="localhost", HTTP_ACCEPT_ENCODING="gzip")
    user = get_user_model().objects.get_or_create(username="bench")[0]
    client.force_login(user)
    began = time.process_time()
    client.get("/")
    first = time.process_time() - began
    cursor = board(user, Filters()).totals.cursor
    with CaptureQueriesContext(connection) as queries:
        answer = client.get("/")
    plain = len(gzip.decompress(answer.content))
    count = EndpointState.objects.count()
    print(
        f"{count} endpoints: {plain / 1000:.0f} kB, {len(answer.content) / 1000:.0f} compressed, {len(queries)} queries"
    )
    print(f"the first request of this process took {first * 1000:.0f} ms of CPU")

    def move() -> None:
        """As the probes of three seconds do."""
        pks = list(EndpointState.objects.order_by("?").values_list("pk", flat=True)[: count // 5])
        now = datetime.now(UTC)
        EndpointState.objects.filter(pk__in=pks).update(latency_ms=random.random() * 100, shown_at=now, seen_at=now)

    _report("board, nothing kept", runs, lambda: client.get("/"), rows._kept.clear)
    _report("board, in all, living fleet", runs, lambda: client.get("/"), move)
    _report("board, unfolded, living fleet", runs, lambda: client.get("/?all=1"), move)
    _report("search by name", runs, lambda: client.get("/?q=gpu-77"), move)
    _report("search by model", runs, lambda: client.get("/?q=qwen"), move)
    _report("models", runs, lambda: client.get("/models/"), move)
    _report("models, search", runs, lambda: client.get("/models/?q=qwen"), move)
    cursor = board(user, Filters()).totals.cursor
    _report("changes, none", runs, lambda: client.get("/changes/", {"since": cursor}))
    shown, _, rest = cursor.partition(".")
    earlier = f"{int(shown) - 1_000_000}.{rest}"
    _report("changes, the last second's", runs, lambda: client.get("/changes/", {"since": earlier}))


def _report(name: str, runs: int, work: Callable[[], object], before: Callable[[], object] = lambda: None) -> None:
    taken, cpu = [], []
    for _ in range(runs):
        before()
        began, began_cpu = time.perf_counter(), time.process_time()
        work()
        taken.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - began_cpu) * 1000)
    p95 = sorted(taken)[len(taken) * 95 // 100]
    print(f"{name:30} median {median(taken):6.1f} ms   p95 {p95:6.1f} ms   CPU {median(cpu):6.1f} ms")


def prepare(endpoints: int) -> None:
    """Prepares database and static files as `manage.py up` does, and fills the database where it is empty."""
    from django.core.management import call_command

    from fleet.models import Endpoint

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    if not Endpoint.objects.exists():
        seed(endpoints, observations=1)


if __name__ == "__main__":
    numbers = [*map(int, sys.argv[1:]), *(20, 1000)[len(sys.argv) - 1 :]]
    django.setup()
    prepare(numbers[1])
    import_module("config.asgi")  # what the web process loads before it serves
    measure(numbers[0])
