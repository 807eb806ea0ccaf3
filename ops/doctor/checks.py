"""Which limits an installation is near to, and what to do about each. Pure: figures.py reads the figures."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

SOON, NEARLY = 0.7, 0.9
"""Shares of a limit from which on something runs out soon, or is nearly exhausted."""

SQLITE_BYTES = 16 << 30
"""A SQLite file of this size still works, but its backup takes many minutes."""

SQLITE_PROBES = 250.0
"""Probes a second that one worker reached on SQLite, on two cores; docs/scaling.md."""

LATE = 1.0
"""Seconds of lateness (p99) from which on figures and outages are noticeably late."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the installation."""

    name: str
    files: int  # open descriptors
    files_limit: int
    memory: int  # bytes, shared pages divided among those who share them


@dataclass(frozen=True, slots=True)
class Quota:
    """The team or person that has most of what one setting limits."""

    setting: str
    whose: str
    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; None where it could not be, or where the installation has no such thing. Sizes in bytes."""

    stale_after: float  # seconds without a sign of life after which a part counts as not running
    given_up_after: float  # seconds after which a message that nobody took is given up
    processes: list[Process] = field(default_factory=list)
    memory_limit: int | None = None  # what they could have, beside what else runs there
    disk_used: int | None = None
    disk_total: int | None = None
    growth: float | None = None  # a day
    to_come: float | None = None  # until the history is as long as it is kept
    sqlite: int | None = None
    probes_a_second: float = 0.0  # that the intervals ask for
    connections: int | None = None  # of our role to PostgreSQL
    connections_limit: int | None = None
    threads: int = 1  # of one lane of one worker
    fast: float = 0.0  # threads that the endpoints need, on average
    slow: float = 0.0
    queues: dict[str, tuple[int, float | None]] | None = None  # name -> messages, and seconds the oldest waits
    late: float | None = None  # p99 in seconds
    waiting: int = 0  # messages to people
    oldest: float = 0.0  # seconds that the oldest of them waits
    quotas: list[Quota] = field(default_factory=list)
    broker: int | None = None
    broker_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """How near one limit is. `share` is 1 where it is reached, and None where nothing is known."""

    what: str
    near: str  # "12 of 96 threads"
    share: float | None
    do: str

    @property
    def state(self) -> str:
        """In a word or two."""
        if self.share is None:
            return "not known"
        return "nearly exhausted" if self.share >= NEARLY else "soon" if self.share >= SOON else "ok"


def lines(found: Figures) -> list[Line]:
    """One line for each limit that this installation has."""
    return [
        *_machine(found),
        *_database(found),
        *_probing(found),
        _of(
            "mail backlog",
            found.oldest,
            found.given_up_after,
            f"{found.waiting} waiting, the oldest for {duration(found.oldest)} of {duration(found.given_up_after)}",
            "See the alerts page for the server's words; check EMAIL_URL.",
        ),
        *_quotas(found.quotas),
        _broker(found),
    ]


def exhausted(found: Iterable[Line]) -> bool:
    """Whether something is nearly exhausted."""
    return any(line.state == "nearly exhausted" for line in found)


def _machine(found: Figures) -> Iterator[Line]:
    fullest = max(found.processes, key=lambda each: each.files / each.files_limit, default=None)
    raising = "Raise the hard limit of open files (LimitNOFILE= of systemd, ulimits of compose.yaml)."
    if fullest:
        near = f"{fullest.files} of {fullest.files_limit}, {fullest.name}"
        yield _of("open files", fullest.files, fullest.files_limit, near, raising)
    else:
        yield Line("open files", "no process of this installation runs here", None, "Run it beside one.")
    used = sum(each.memory for each in found.processes) if found.processes else None
    yield _of(
        "memory",
        used,
        found.memory_limit,
        f"{size(used)} of {size(found.memory_limit)} by {len(found.processes)} processes",
        "Give the machine or container more, lower PROBE_THREADS, or move probe workers to another machine.",
    )
    here = (found.to_come or 0) if found.sqlite is not None else 0  # or else on the disk of PostgreSQL
    elsewhere = "" if found.sqlite is not None else " on the disk of PostgreSQL"
    growth = "how fast the history grows is not known yet"
    if found.growth is not None:
        growth = f"the history grows by {size(found.growth)} a day until it takes {size(found.to_come)} more{elsewhere}"
    yield _of(
        "disk" if found.sqlite is not None else "disk of the data folder",
        None if found.disk_used is None else found.disk_used + here,
        found.disk_total,
        f"{size(found.disk_used)} of {size(found.disk_total)}; {growth}",
        "Free space or enlarge the disk.",
    )


def _database(found: Figures) -> Iterator[Line]:
    moving = "Move to PostgreSQL: docs/scaling.md, “When to leave SQLite”."
    if found.sqlite is not None:
        yield _of("SQLite file", found.sqlite, SQLITE_BYTES, f"{size(found.sqlite)} of {size(SQLITE_BYTES)}", moving)
        near = f"{found.probes_a_second:.0f} of {SQLITE_PROBES:.0f} probes a second"
        yield _of("SQLite's one writer", found.probes_a_second, SQLITE_PROBES, near, moving)
    if found.connections_limit:
        near = f"{found.connections} of {found.connections_limit}"
        raising = "Raise max_connections of PostgreSQL, or put PgBouncer before it."
        yield _of("database connections", found.connections, found.connections_limit, near, raising)


def _probing(found: Figures) -> Iterator[Line]:
    more = "Start another probe worker (manage.py run probe), raise PROBE_THREADS, or lengthen intervals."
    for lane, needed in (("fast", found.fast), ("slow", found.slow)):
        near = f"{needed:.1f} of {found.threads} threads of all workers"
        yield _of(f"probe threads, {lane} lane", needed, found.threads, near, more)
    for name, (length, age) in (found.queues or {}).items():
        near = f"{length} messages, the oldest waits {duration(age)} of {found.stale_after:.0f} s"
        start = "probe" if name == "probe" else "general"
        yield _of(f"queue {name}", age, found.stale_after, near, f"Start another worker: manage.py run {start}.")
    near = "no probe was recorded lately" if found.late is None else f"{found.late:.2f} of {LATE:.0f} s"
    yield _of("lateness of probes, p99", found.late, LATE, near, more)


def _quotas(quotas: Iterable[Quota]) -> Iterator[Line]:
    for quota in quotas:
        near = f"{quota.used} of {quota.limit}, {quota.whose}"
        yield _of(quota.setting, quota.used, quota.limit, near, f"Raise {quota.setting}, or have them remove some.")


def _broker(found: Figures) -> Line:
    if found.broker is None:
        return Line("broker memory", "the broker does not answer", None, "Check its log, and REDIS_URL.")
    near = f"{size(found.broker)} of {size(found.broker_limit)}"
    do = "Raise maxmemory of Redis, and see which queue waits."
    return _of("broker memory", found.broker, found.broker_limit, near, do)


def _of(what: str, used: float | None, limit: float | None, near: str, do: str) -> Line:
    return Line(what, near, None if used is None or limit is None else used / max(limit, 1e-9), do)


def size(number: float | None) -> str:
    """Bytes for people: "1.5 GiB"."""
    if number is None:
        return "unknown"
    for unit in ("B", "KiB", "MiB"):
        if number < 1024:
            return f"{number:.0f} {unit}"
        number /= 1024
    return f"{number:.1f} GiB"


def duration(seconds: float | None) -> str:
    """Seconds for people: "45 s", "3.5 h"."""
    if seconds is None:
        return "unknown"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
