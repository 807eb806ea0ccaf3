"""A list of addresses between its check and its adding: kept encrypted for a while, probed side by side.

It is in the cache and not in a form, so that its keys go to no page. Whoever pasted it sees it, nobody else.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from queue import Empty, SimpleQueue
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.core.cache import cache

from core import rate_limits
from core.encryption import Unreadable, decrypted, encrypted
from teams.models import Team

from ...engines.probe import probe
from ...engines.reading import Reading
from ...engines.registry import title
from ...verdict import causes
from ...verdict.status import find
from .. import found
from ..bare_host import search_host
from ..discovery import DEADLINE, PORTS
from .pasted import MOST, Pasted

SIDE_BY_SIDE = 24
"""Addresses of one list that are probed at the same time."""

EACH = 3.0
"""Seconds for one address."""

OVERALL = 30.0
"""Seconds for all of them; what has not begun by then is not probed."""

LAST = DEADLINE + EACH
"""Seconds that what began last may take: the ports of a bare host, then the one that answers, with its key."""

KEPT = 3600
"""Seconds for which a list is kept."""

A_MINUTE = 3
"""Lists of a person."""

PORTS_TRIED = 2 + len(PORTS)
TEAM_A_MINUTE = MOST * PORTS_TRIED
"""Addresses probed for the lists of a team, each port of a bare host counted: enough for one list of bare hosts."""

REFUSED = (
    f"That is enough for now: {A_MINUTE} lists a minute can be checked, and {TEAM_A_MINUTE} addresses for a team. A "
    f"host without a port counts as {PORTS_TRIED}. The next one is free within a minute."
)

Answer = tuple[Reading, dict[str, Any]]
"""What was read, and what the table shows of it."""


class Gone(Exception):
    """There is no such list of this person's, or not any more."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A list that was pasted, and for which team."""

    key: str
    team: int
    rows: tuple[Pasted, ...]
    started: float  # unix seconds

    @property
    def over(self) -> bool:
        """Whether no more answers will come."""
        return time.time() > self.started + OVERALL + LAST


def start(user: User, team: Team, rows: list[Pasted]) -> Batch | None:
    """Keeps a list and begins to probe it, in threads of this process; None where this was too often in a minute."""
    asks = sum(PORTS_TRIED if row.host else 1 for row in rows if not row.problem)
    by_person = rate_limits.allowed(f"many:{user.pk}", A_MINUTE, 60)
    if not (by_person and rate_limits.allowed(f"many:team:{team.pk}", TEAM_A_MINUTE, 60, asks)):
        return None
    batch = Batch(uuid4().hex, team.pk, tuple(rows), time.time())
    stored = {"team": team.pk, "rows": [asdict(row) for row in rows], "started": batch.started}
    cache.set(_name(user, batch.key), encrypted(json.dumps(stored)), KEPT)
    threading.Thread(target=_probe_all, args=(user.pk, batch), daemon=True).start()
    return batch


def load(user: User, key: str) -> Batch:
    """A list of this person's. Raises Gone."""
    try:
        stored = json.loads(decrypted(cache.get(_name(user, key)) or ""))
    except (Unreadable, ValueError):
        raise Gone from None
    rows = (Pasted(**{**row, "tags": tuple(row["tags"])}) for row in stored["rows"])
    return Batch(key, stored["team"], tuple(rows), stored["started"])


def answers(batch: Batch) -> dict[int, dict[str, Any]]:
    """What is known by now: index of the row -> what answers there, as `_answer` makes it."""
    names = {f"many:{batch.key}:{index}": index for index in range(len(batch.rows))}
    return {names[name]: answer for name, answer in cache.get_many(names).items()}


def wait(batch: Batch, seconds: float) -> None:
    """Returns when all is known, when no more will come, or after so many seconds."""
    end, probed = time.monotonic() + seconds, sum(not row.problem for row in batch.rows)
    while time.monotonic() < end and not batch.over and len(answers(batch)) < probed:
        time.sleep(0.1)


def _probe_all(user_pk: int, batch: Batch) -> None:
    """Probes what can be added, and puts each answer into the cache as it comes."""
    todo = deque((index, row) for index, row in enumerate(batch.rows) if not row.problem)
    came: SimpleQueue[tuple[int, Answer]] = SimpleQueue()
    end, expected = time.monotonic() + OVERALL, len(todo)
    for _ in range(min(SIDE_BY_SIDE, expected)):
        # Threads of our own: those of an executor would keep a process that is to stop until the last one is done.
        threading.Thread(target=_probe_some, args=(todo, end, came.put), daemon=True).start()
    while expected and (left := end + LAST - time.monotonic()) > 0:
        try:
            index, (reading, answer) = came.get(timeout=left)
        except Empty:
            return
        expected -= 1
        row = batch.rows[index]
        found.keep(user_pk, answer["url"], row.username, reading)
        cache.set(f"many:{batch.key}:{index}", answer, KEPT)


def _probe_some(todo: deque[tuple[int, Pasted]], end: float, done: Callable[[tuple[int, Answer]], None]) -> None:
    while time.monotonic() < end:
        try:
            index, row = todo.popleft()
        except IndexError:
            return
        done((index, _ask(row)))


def _ask(row: Pasted) -> Answer:
    search = search_host(row.host) if row.host else None
    url = search.url if search and search.answered else row.url
    if search and not (search.answered and (row.api_key or row.engine)):
        reading = search.reading
    else:
        key, username = row.api_key or None, row.username or None
        reading = probe(url, engine=row.engine or None, api_key=key, username=username, timeout=EACH, identify=True)
    answer = _answer(reading) | {"url": url}
    if search and search.answered:
        answer["others"] = [f"{engine or 'something'} at {at}" for engine, at in search.others]
    elif search and search.nowhere:
        answer["advice"] = search.nowhere
    return reading, answer


def _answer(reading: Reading) -> dict[str, Any]:
    """What the table shows of a reading, as JSON."""
    finding, identity, models = find(reading, ()), reading.identity, reading.facts.models
    return {
        "status": finding.status,
        "engine": title(identity.engine, reading.facts.product) if identity else "",
        "version": reading.facts.version or "",
        "proof": identity.proof if identity else "",
        "models": [model.name for model in models[:3]],
        "more_models": max(0, len(models) - 3),
        "ms": reading.latency_ms,
        "sentence": causes.sentence(finding.cause or ""),
        "advice": causes.advice(finding.cause or ""),
        "failed": reading.failure is not None,
    }


def _name(user: User, key: str) -> str:
    return f"many:{user.pk}:{key}"
