"""How late, how dear and how large: the whole embedded run against fake engines, some of which hang.

    .venv/bin/python -m bench.probing --endpoints 200 --interval 5 --hanging 0.2 --seconds 120

Starts `manage.py up` with a data folder of its own and the fake engines beside it, lets both run, and prints
lateness (start of a probe after it was due), spacing error, CPU seconds per 1,000 probes and memory
(proportional set size, so shared pages count once). Linux only, since it reads /proc.
"""

import argparse
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REGISTER = """
import django
django.setup()
from django.core.management import call_command
from fleet import endpoints
from teams.models import Team
call_command("migrate", verbosity=0)
team = Team.objects.create(name="Bench", slug="bench")
for n in range({count}):
    url = f"http://127.0.0.1:{port}/e/{{n}}"
    endpoints.add(team, name=f"e{{n:04}}", url=url, interval={interval}, timeout=float({timeout}))
"""
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PLIMSOLL_DATA": folder, "PORT": str(free_port()), "HOST": "127.0.0.1"}
        environment["ENDPOINTS_PER_TEAM"] = "100000"
        hanging = round(options.endpoints * options.hanging)
        engines = start_engines(options.endpoints, hanging)
        timeout = min(5, options.interval - 1)
        register(environment, engines.port, options.endpoints, options.interval, timeout)
        product = subprocess.Popen([sys.executable, "manage.py", "up"], cwd=ROOT, env=environment,
                                   stdout=subprocess.DEVNULL)  # fmt: skip
        try:
            wait_ready(environment["PORT"])
            time.sleep(options.warm_up)
            _report(options, Path(folder), product.pid, hanging)
        finally:
            product.send_signal(signal.SIGTERM)
            product.wait(20)
            engines.process.terminate()


class Engines:
    """The fake engines: one process, one base URL each."""

    def __init__(self, process: subprocess.Popen, port: int) -> None:
        self.process, self.port = process, port


def start_engines(count: int, hanging: int, port: int = 0) -> Engines:
    """Starts `count` fake engines of which the first `hanging` accept connections and never answer."""
    port = port or free_port()
    command = [sys.executable, "-m", "tests.fake_engine", "--engines", str(count), "--hang", str(hanging)]
    return Engines(subprocess.Popen([*command, "--port", str(port)], cwd=ROOT), port)


def free_port() -> int:
    """A TCP port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_ready(port: str, seconds: float = 60, path: str = "/health/ready") -> None:
    """Waits until this address answers 200."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the product was not ready in time")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=200)
    parser.add_argument("--interval", type=int, default=5, help="seconds")
    parser.add_argument("--hanging", type=float, default=0.2, help="share of endpoints that never answer")
    parser.add_argument("--seconds", type=int, default=120, help="length of the measured stretch")
    parser.add_argument("--warm-up", type=int, default=30, help="seconds before it")
    return parser.parse_args()


def register(environment: dict[str, str], port: int, count: int, interval: int, timeout: float) -> None:
    """Migrates the database and adds `count` endpoints at those engines; `interval` and `timeout` in seconds."""
    script = REGISTER.format(count=count, port=port, interval=interval, timeout=timeout)
    settings = {**environment, "DJANGO_SETTINGS_MODULE": "config.settings"}
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=settings, check=True, stderr=subprocess.DEVNULL)


def _report(options: argparse.Namespace, folder: Path, pid: int, hanging: int) -> None:
    pids = family(pid)
    used, began = sum(map(cpu, pids)), time.time()
    time.sleep(options.seconds)
    used, ended = sum(map(cpu, pids)) - used, time.time()
    rows = _observations(folder, began, ended)
    healthy = [row for row in rows if int(row[0][1:]) >= hanging]
    late, spacing = sorted(row[2] for row in healthy), sorted(_spacing_errors(healthy, options.interval))
    hung = len(rows) - len(healthy)
    print(f"{options.endpoints} endpoints every {options.interval} s, {hanging} hang; {ended - began:.0f} s measured")
    print(f"probes: {len(rows)} ({len(healthy)} of healthy endpoints, {hung} of hanging ones)")
    print(f"lateness of the healthy, ms: p50 {_at(late, 0.5):.0f}, p99 {_at(late, 0.99):.0f}, max {late[-1]:.0f}")
    print(f"spacing error of the healthy, ms: p50 {_at(spacing, 0.5):.0f}, p99 {_at(spacing, 0.99):.0f}")
    print(f"CPU seconds per 1,000 probes: {used / len(rows) * 1000:.1f}")
    print(f"memory of all processes: {sum(map(memory, pids)) / 1024:.0f} MiB")


def _observations(folder: Path, began: float, ended: float) -> list[tuple[str, float, float]]:
    """(endpoint, unix seconds, ms late) of each probe in the measured stretch."""
    moments = [time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment)) for moment in (began, ended)]
    query = """SELECT e.name, (julianday(o.at) - 2440587.5) * 86400.0, o.late_ms FROM fleet_observation o
               JOIN fleet_endpoint e ON e.id = o.endpoint_id WHERE o.at BETWEEN ? AND ? ORDER BY e.name, o.at"""
    with sqlite3.connect(folder / "plimsoll.sqlite3") as database:
        return database.execute(query, moments).fetchall()


def _spacing_errors(rows: list[tuple[str, float, float]], interval: int) -> list[float]:
    return [abs(b[1] - a[1] - interval) * 1000 for a, b in pairwise(rows) if a[0] == b[0]]


def _at(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]


def family(pid: int) -> list[int]:
    """The process and all that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in family(int(child)))]


def cpu(pid: int) -> float:
    """Seconds of CPU that the process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid: int) -> int:
    """Proportional set size in KiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main()
