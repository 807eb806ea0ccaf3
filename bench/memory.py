"""How soon and in how much memory: `manage.py up` on a prepared data folder, by process.

    .venv/bin/python -m bench.memory --endpoints 200 --seconds 600

Starts the product twice against fake engines. The first start prepares the data folder; of the second it prints the
seconds until it is ready and until the first probe, and the CPU seconds that it took to be ready. Then it prints the
proportional set size of each process (shared pages count once) after so many seconds, and again after a storm: all
engines go away for 30 s and come back. Linux only, since it reads /proc.
"""

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from .probing import ROOT, Engines, cpu, family, free_port, memory, register, start_engines

STORM = 30.0  # seconds


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PLIMSOLL_DATA": folder, "PORT": str(free_port()), "HOST": "127.0.0.1"}
        environment["ENDPOINTS_PER_TEAM"] = "100000"
        engines = start_engines(options.endpoints, 0)
        try:
            register(environment, engines.port, options.endpoints, options.interval, timeout=5)
            with _product(environment):
                print(f"first start: ready after {_ready(environment):.1f} s", flush=True)
            began = time.time()
            with _product(environment) as product:
                ready = _ready(environment)
                used = sum(map(cpu, family(product.pid)))
                print(f"second start: ready after {ready:.1f} s and {used:.1f} s of CPU")
                time.sleep(5)
                print(f"first probe after {_first_probe(Path(folder), began):.1f} s", flush=True)
                time.sleep(max(0.0, options.seconds - 5 - ready))
                _report(f"after {options.seconds} s", product.pid)
                engines = _storm(engines, options.endpoints)
                _report("after a storm", product.pid)
        finally:
            engines.process.terminate()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=200)
    parser.add_argument("--interval", type=int, default=15, help="seconds")
    parser.add_argument("--seconds", type=int, default=600, help="from the start to the first figures")
    return parser.parse_args()


@contextmanager
def _product(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "manage.py", "up"]
    with _log(environment).open("w") as out:
        product = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out)
        try:
            yield product
        finally:
            product.send_signal(signal.SIGTERM)
            product.wait(20)


def _log(environment: dict[str, str]) -> Path:
    return Path(environment["PLIMSOLL_DATA"], "log")


def _ready(environment: dict[str, str]) -> float:
    """Seconds from now until it says that it is ready."""
    began = time.monotonic()
    while "Plimsoll is ready" not in _log(environment).read_text():
        if time.monotonic() - began > 120:
            raise SystemExit("The product was never ready.")
        time.sleep(0.02)
    return time.monotonic() - began


def _first_probe(folder: Path, began: float) -> float:
    """Seconds from `began` (unix seconds) to the first probe after it."""
    query = "SELECT min(moment) FROM (SELECT (julianday(at) - 2440587.5) * 86400 AS moment FROM fleet_observation) "
    with closing(sqlite3.connect(folder / "plimsoll.sqlite3")) as database:
        return float(database.execute(query + "WHERE moment > ?", [began]).fetchone()[0]) - began


def _storm(engines: Engines, count: int) -> Engines:
    engines.process.kill()
    engines.process.wait()
    time.sleep(STORM)
    back = start_engines(count, 0, engines.port)
    time.sleep(STORM)
    return back


def _report(moment: str, pid: int) -> None:
    found = {}
    for member in family(pid):
        with suppress(OSError):  # a helper that ended meanwhile
            name = Path(f"/proc/{member}/comm").read_text().strip()
            threads = len(list(Path(f"/proc/{member}/task").iterdir()))
            found[member] = f"{name} {memory(member) / 1024:.0f} ({threads} threads)"
    total = sum(map(memory, found)) / 1024
    print(f"{moment}, MiB: {total:.0f} = {', '.join(found.values())}", flush=True)


if __name__ == "__main__":
    main()
