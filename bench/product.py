"""What the measurements share: the product in a folder of its own, and its processes as /proc has them. Linux only."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from config.variables import TABLE
from ops import embedded_broker

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")

END_WITH_US = ("setpriv", "--pdeathsig", "KILL")
"""Goes before a command, so that it ends when we do, however we end."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How large and how long. Lengths are in seconds."""

    small: int = 200  # endpoints
    hanging: int = 500
    large: int = 1000
    many: int = 10_000
    most: int = 50_000
    storm: int = 100  # outages
    viewers: int = 50
    interval: int = 15
    warm_up: float = 30
    measured: float = 75
    storm_lasts: float = 45  # as long again for the recovery
    watched: float = 40  # by the viewers
    requests: int = 40  # of a page


FULL = Scale()
TOY = Scale(small=5, hanging=5, large=5, many=20, most=40, storm=3, viewers=2, interval=5, warm_up=2, measured=11,
            storm_lasts=6, watched=6, requests=3)  # fmt: skip


def progress(text: str) -> None:
    """Prints what is being done, beside the table."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def free_port() -> int:
    """A TCP port of the loopback interface that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(happened: Callable[[], object], seconds: float, what: str, every: float = 0.05) -> None:
    """Waits until it returns something true; raises TimeoutError with `what` after so many seconds."""
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} within {seconds:.0f} s")
        time.sleep(every)


def answers(url: str) -> bool:
    """Whether this address answers 200."""
    with suppress(OSError), urllib.request.urlopen(url, timeout=2):
        return True
    return False


@contextmanager
def running(
    command: Sequence[str | Path], seconds: float = 20, stop: int = signal.SIGTERM, **options: object
) -> Iterator[subprocess.Popen]:
    """A process as long as the context lasts; then it gets the signal `stop` and has so many seconds to end by itself.

    It is killed when we are.
    """
    process = subprocess.Popen([*END_WITH_US, *map(str, command)], cwd=ROOT, start_new_session=True, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def part(
    name: str, number: int, environment: Mapping[str, str], **streams: object
) -> AbstractContextManager[subprocess.Popen]:
    """`manage.py run NAME` for as long as the block runs; PostgreSQL knows its connections by name and number."""
    known = {**environment, "PGAPPNAME": f"{name} {number}"}
    return running([sys.executable, "manage.py", "run", name], env=known, **streams)


@dataclass
class Product:
    """An installation in a data folder of its own, not started yet. `more` are settings besides."""

    folder: Path
    more: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    session: str = ""  # the key of a session of a user who sees all
    pid: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """Its settings: those of this machine's environment or `.env` do not count."""
        unset = dict.fromkeys((variable.name for variable in TABLE), "")
        ours = {"PLIMSOLL_DATA": str(self.folder), "PORT": str(self.port), "HOST": "127.0.0.1",
                "ENDPOINTS_PER_TEAM": "100000", "STREAMS_PER_PERSON": "1000", "CONFIRM_ADDRESSES": "off",
                "DJANGO_SETTINGS_MODULE": "config.settings"}  # fmt: skip
        return {**os.environ, **unset, **ours, **self.more}

    def register(self, port: int, count: int, interval: int, fail_first: int = 0) -> None:
        """Prepares the database, with `count` endpoints at the engines of that port: see bench.fill."""
        numbers = map(str, (port, count, interval, fail_first))
        command = [sys.executable, "-m", "bench.fill", *numbers]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=sys.stderr, text=True, check=True
        )
        self.session = done.stdout.split()[-1]

    @contextmanager
    def up(self) -> Iterator[float]:
        """Runs `manage.py up`; yields the seconds until it said that it is ready."""
        log = self.folder / "log"
        began = time.monotonic()
        with log.open("w") as out, running([sys.executable, "manage.py", "up"], env=self.environment, stdout=out,
                                           stderr=out) as process:  # fmt: skip
            self.pid = process.pid
            wait_for(lambda: "Plimsoll is ready" in log.read_text(), 120, "the product was not ready", 0.02)
            yield time.monotonic() - began

    def cpu(self) -> Counter[str]:
        """CPU seconds so far by the name of the process."""
        return cpu_by_name(self.pid)

    def memory(self) -> Counter[str]:
        """MiB by the name of the process; pages that several share count once (PSS)."""
        found: Counter[str] = Counter()
        for pid in family(self.pid):
            with suppress(OSError, StopIteration):  # it ended meanwhile
                found[name(pid)] += memory(pid)
        return found


@contextmanager
def installation(**more: str) -> Iterator[Product]:
    """A product in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="plimsoll-bench-", ignore_cleanup_errors=True) as folder:
        yield Product(Path(folder), more)


def family(pid: int) -> list[int]:
    """The process and all that it started."""
    try:
        children = [file.read_text().split() for file in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [pid, *(member for some in children for child in some for member in family(int(child)))]


def name(pid: int) -> str:
    """What the kernel shows for it; the parent of all is a Python, and the broker has one of several brands."""
    shown = Path(f"/proc/{pid}/comm").read_text().strip()
    return "parent" if shown.startswith("python") else "broker" if shown in embedded_broker.NAMES else shown


def memory(pid: int) -> float:
    """MiB of a process; pages that several share count once (PSS)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def cpu(pid: int) -> float:
    """Seconds of CPU that the process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def cpu_by_name(pid: int) -> Counter[str]:
    """CPU seconds so far of a process and all that it started, by name."""
    found: Counter[str] = Counter()
    for member in family(pid):
        with suppress(OSError):  # it ended meanwhile
            found[name(member)] += cpu(member)
    return found


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies. Raises ValueError when there are none."""
    if not values:
        raise ValueError("nothing was measured")
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def by_name(title: str, shares: Counter[str], digits: int = 2) -> str:
    """One line with the parts of a figure, largest first."""
    return f"{title}: " + ", ".join(f"{each} {value:.{digits}f}" for each, value in shares.most_common())
