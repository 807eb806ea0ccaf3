"""What a check costs, and how late it is: read from /proc and from the stored observations."""

import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise

from .living import Living
from .product import by_name, progress, quantile
from .table import Row

GOALS = {200: (1.6, 40), 1000: (1.0, 80)}
"""Endpoints -> CPU seconds per 1,000 checks, and ms of spacing error (p99)."""

LATE = 60
"""ms that the healthy may be late (p99) while others hang."""

OBSERVATIONS = """SELECT e.name, (julianday(o.at) - 2440587.5) * 86400.0, o.late_ms FROM fleet_observation o
                  JOIN fleet_endpoint e ON e.id = o.endpoint_id WHERE o.at BETWEEN ? AND ? ORDER BY e.name, o.at"""


def steady(living: Living) -> Iterator[Row]:
    """A fleet in which nothing happens: CPU by process, and the error of the time between two checks."""
    count, scale = living.count, living.scale
    before, began = living.product.cpu(), time.time()
    progress(f"probing {count} endpoints for {scale.measured:.0f} s")
    time.sleep(scale.measured)
    used, ended = living.product.cpu() - before, time.time()
    rows = observations(living, began, ended)
    cpu, spacing = GOALS.get(count, (None, None))
    errors = spacing_errors(rows, scale.interval)
    shares = Counter({name: seconds / len(rows) * 1000 for name, seconds in used.items()})
    below = by_name(f"CPU s per 1,000 checks by process, N = {count:,}", shares)
    yield Row(
        f"CPU s per 1,000 checks, N = {count:,}", shares.total(), "s", cpu, below=[f"{below} ({len(rows)} checks)"]
    )
    for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1)):
        goal = spacing if name == "p99" else None
        yield Row(f"spacing error {name}, N = {count:,}", quantile(errors, share), "ms", goal)


def hanging(living: Living) -> Iterator[Row]:
    """A fifth of the fleet begins to hang while all are watched: how late are the others?"""
    scale, hang = living.scale, living.count // 5
    progress(f"{hang} of {living.count} endpoints hang for {scale.measured:.0f} s")
    living.engines.order(hang=hang)
    before, began = living.product.cpu(), time.time()
    time.sleep(scale.measured)
    used = (living.product.cpu() - before).total()
    rows = observations(living, began, time.time())
    late = [row[2] for row in rows if int(row[0][1:]) >= hang]
    name = f"while 20 % hang, N = {living.count:,}"
    for share, label, goal in ((0.5, "p50", None), (0.99, "p99", LATE), (1, "max", None)):
        yield Row(f"lateness of the healthy {label} {name}", quantile(late, share), "ms", goal)
    yield Row(f"CPU s per 1,000 checks {name}", used / len(rows) * 1000, "s")


def observations(living: Living, began: float, ended: float) -> list[tuple[str, float, float]]:
    """(endpoint, unix seconds, ms late) of each check between these moments, by endpoint and time."""
    moments = [time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment)) for moment in (began, ended)]
    with closing(sqlite3.connect(living.product.folder / "plimsoll.sqlite3")) as database:
        return database.execute(OBSERVATIONS, moments).fetchall()


def spacing_errors(rows: list[tuple[str, float, float]], interval: int) -> list[float]:
    """How far, in ms, the time between two checks of an endpoint is from the interval (s)."""
    moments: dict[str, list[float]] = defaultdict(list)
    for name, moment, _ in rows:
        moments[name].append(moment)
    return [abs(b - a - interval) * 1000 for found in moments.values() for a, b in pairwise(found)]
