"""A worker: `python -m ops.worker probe` or `general`. It is `celery -A config worker` without its command line.

That would load 6 MiB for a prompt that nobody uses.
"""

import gc
import os
import socket
import sys
from dataclasses import dataclass
from typing import NoReturn

from config.celery import app


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker takes, and on how many of Celery's threads."""

    queues: tuple[str, ...]
    threads: int


WORKERS = {
    # Its tasks only hand probes to threads of their own, in milliseconds: fleet.probing.worker.
    "probe": Worker(("probe",), 1),
    # It keeps the clock of the schedule, too, on threads of their own: core/clock.py.
    "general": Worker(("dispatch", "delivery", "upkeep"), 4),
}
"""Probes have a worker of their own, so that nothing else can hold them up."""

COLLECT_AFTER = 10_000
"""New objects until Python searches them for cycles. By default it is 700, which each batch of endpoints passes."""


def main(name: str) -> NoReturn:
    """Works until it is asked to stop."""
    gc.set_threshold(COLLECT_AFTER)
    worker = app.Worker(
        hostname=f"{name}-{os.getpid()}@{socket.gethostname()}",
        queues=WORKERS[name].queues,
        pool_cls="threads",
        concurrency=WORKERS[name].threads,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    worker.start()
    sys.exit(worker.exitcode)


if __name__ == "__main__":
    main(sys.argv[1])
