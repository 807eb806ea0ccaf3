"""Weeks of hours as they would be stored, for tests of what they mean."""

from collections.abc import Callable
from datetime import UTC, datetime

from fleet.evidence import counts
from fleet.evidence.collect import SERVER
from fleet.evidence.counts import Counts
from fleet.evidence.judge import Case, judge
from fleet.evidence.verdict import Verdict
from fleet.evidence.window import OfficeHours, Row

MONDAY = int(datetime(2026, 11, 16, tzinfo=UTC).timestamp())
HOURS, WEEK = 24, 7 * 86_400
OFFICE = OfficeHours()
EDGES = {
    "queue": ("0.3", "0.5", "1.0", "2.5", "5.0", "+Inf"),
    "ttft": ("0.1", "0.5", "1.0", "2.5", "5.0", "+Inf"),
    "e2e": ("0.5", "1.0", "2.0", "5.0", "10.0", "+Inf"),
}


def week(hour: Callable[[bool], Counts], model: str = SERVER, began: int = MONDAY) -> list[Row]:
    """Seven days of hours from Monday on; `hour` makes them, and gets whether they are office hours."""
    made = {office: hour(office) for office in (True, False)}  # once for all, since some take a while
    starts = range(began, began + WEEK, 3600)
    return [Row(start, model, dict(made[OFFICE.has(start)]), EDGES) for start in starts]


def canaries(waiting: int, ms: float = 5000, sent: int = 12, **more: int) -> Callable[[bool], Counts]:
    """Hours of Ollama: so many canaries in office hours, of which `waiting` waited so many milliseconds."""

    def hour(office: bool) -> Counts:
        found: Counts = {"probes": 240}
        if not office:
            return found | {"unused": 12}
        found |= {"canaries": sent, "used": 200} | more
        for n in range(sent):
            counts.add_value(found, "wait", ms if n < waiting else 1)
        return found | ({"waited": waiting} if waiting else {})

    return hour


def queue(
    running: int, waiting: int = 0, kv: float = 1, requests: int = 600, busy: bool = True, seconds: float = 1.5
) -> Callable[[bool], Counts]:
    """Hours of vLLM: so many running and waiting in all probes of office hours, `seconds` of each in the queue."""

    def hour(office: bool) -> Counts:
        found: Counts = {"probes": 240, "gauges": 240, "quarters": 4, "scrapes": 12, "seconds": 3600}
        now, queued = (running, waiting) if office and busy else (0, 0)
        for _ in range(240):
            counts.add_value(found, "running", now)
            counts.add_value(found, "queued", queued)
            counts.add_value(found, "kv", kv if now else 0)
        if now:
            found |= {"at_work": 240, "running_max": now, "requests": requests, "e2e.1": requests}
        if queued:
            found |= {"waiting": 240, "waiting_max": now, "at_max": 240, "queued_max": queued}
            place = sum(float(edge) < seconds for edge in EDGES["queue"])
            found[f"queue.{place}"] = requests
            found["saturated"] = 4 * (queued >= 5)
            found["kv_full"] = 240 * (kv >= 95)
        return found

    return hour


def verdict(engine: str, rows: list[Row], until: int = MONDAY + WEEK, **more: object) -> Verdict:
    """The worst verdict on these rows."""
    return judge(Case(engine, tuple(rows), until, **more))[0]  # type: ignore[arg-type]
