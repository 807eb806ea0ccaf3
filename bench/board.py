"""How long the board takes, by the number of endpoints: in all, the queries alone, and one live update.

    python -m bench.board [runs, default 10]

Measures the database of the settings; an empty one gets 1,000 invented endpoints first (bench.seed).
Use a PLIMSOLL_DATA of its own.

"in all" is what a viewer waits for the first byte, less the network: middleware, queries, template.
"""

import os
import sys
import time
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
    from fleet.queries import cells
    from fleet.queries.board import Filters, board

    client = Client(HTTP_HOST="localhost")
    user = get_user_model().objects.get_or_create(username="bench")[0]
    client.force_login(user)
    cursor = board(user, Filters()).totals.cursor
    client.get("/")
    with CaptureQueriesContext(connection) as queries:
        size = len(client.get("/").content)
    print(f"{EndpointState.objects.count()} endpoints, {size / 1000:.0f} kB, {len(queries)} queries")
    _report("board, first of a process", runs, lambda: (cells._kept.clear(), client.get("/")))
    _report("board, in all", runs, lambda: client.get("/"))
    _report("board, queries and rows", runs, lambda: board(user, Filters()))
    _report("changes, none", runs, lambda: client.get("/changes/", {"since": cursor}))
    shown, _, rest = cursor.partition(".")
    earlier = f"{int(shown) - 1_000_000}.{rest}"
    _report("changes, the last second's", runs, lambda: client.get("/changes/", {"since": earlier}))


def _report(name: str, runs: int, work) -> None:
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    print(f"{name:28} median {median(taken):6.1f} ms   worst {max(taken):6.1f} ms")


def prepare() -> None:
    """Prepares database and static files as `manage.py up` does, and fills the database where it is empty."""
    from django.core.management import call_command

    from fleet.models import Endpoint

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    if not Endpoint.objects.exists():
        seed(1000, observations=1)


if __name__ == "__main__":
    django.setup()
    prepare()
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
