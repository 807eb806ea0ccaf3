"""Weeks of load in the database, up to a moment, for tests of what pages make of them."""

import re
from collections.abc import Iterable
from html import unescape

from fleet.evidence.collect import Hour
from fleet.evidence.window import Row
from fleet.load import hours
from fleet.load.judging import judge_these
from fleet.models import Endpoint
from tests.fleet.evidence.weeks import EDGES, WEEK, canaries, queue, week


def before(now: int, hour, model: str = "", weeks: int = 1) -> list[Row]:
    """Full weeks that end with the hour before `now` (unix seconds)."""
    end = now // 3600 * 3600
    return [row for n in range(weeks, 0, -1) for row in week(hour, model, end - n * WEEK)]


def kept(endpoint: Endpoint, rows: Iterable[Row]) -> None:
    """Stores the hours."""
    edges = {name: list(each) for name, each in EDGES.items()}
    hours.store(hours.packed(endpoint.pk, Hour(row.start, row.model, row.counts, edges)) for row in rows)


def judged(now: int, *endpoints: Endpoint) -> None:
    """Judges these, or all."""
    chosen = Endpoint.objects.select_related("team", "state")
    judge_these(chosen.filter(pk__in=[each.pk for each in endpoints]) if endpoints else chosen, now)


def words(response) -> str:
    """What a page says, without its tags."""
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())).replace(" :", ":")


SHAPES = {
    "saturated": ("vllm", queue(running=16, waiting=9)),
    "full cache": ("vllm", queue(running=6, waiting=9, kv=97)),
    "spare": ("vllm", queue(running=2)),
    "idle": ("vllm", queue(running=1, busy=False)),
    "waiting": ("ollama", canaries(waiting=5)),
    "quiet": ("ollama", canaries(waiting=0)),
    "reloading": ("ollama", canaries(waiting=2, reloads=4)),
}
"""Name -> engine and hours. What the judging makes of them is in tests/fleet/evidence."""
