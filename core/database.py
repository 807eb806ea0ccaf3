"""Who holds a database connection, and for how long."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, connections, transaction

_one_writer = threading.Lock()


def give_back() -> None:
    """Gives this thread's connection back to the pool before it waits for something else.

    A thread keeps its connection to SQLite, since opening one costs more than holding it, unless it is broken. Inside a
    transaction nothing is given back.
    """
    for each in connections.all(initialized_only=True):
        pooled = each.vendor == "postgresql"
        if (pooled or each.errors_occurred) and not each.in_atomic_block:
            each.close()


def close_all() -> None:
    """Closes every connection of this thread and the pools of this process, before a fork that must not share them."""
    for each in connections.all(initialized_only=True):
        each.close()
        if each.vendor == "postgresql":
            each.close_pool()  # type: ignore[attr-defined]


@contextmanager
def writing() -> Iterator[None]:
    """A transaction that writes. SQLite has one writer at a time: our threads and processes queue here.

    Its own wait asks again after up to 100 ms, and may find the next writer each time.
    """
    if connection.vendor != "sqlite":
        with transaction.atomic():
            yield
        return
    with _one_writer, Path(f"{connection.settings_dict['NAME']}-turn").open("wb") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # until it is closed
        with transaction.atomic():
            yield
