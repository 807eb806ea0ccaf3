"""Hanging endpoints of another team: its trouble is not ours."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.fake_engine import many

from .outcome import Outcome, p99
from .rig import Rig

HEALTHY = 10
INTERVAL = 5
BOARD_WITHIN = 5
"""Seconds in which the board has to answer."""


def hanging(
    rig: Rig,
    count: int,
    seconds: float,
    within: float = 1.0,
    sample: Callable[[], int] | None = None,
    most: int = 0,
) -> Outcome:
    """So many endpoints of one team begin to hang at the same moment, and do for so long.

    Those of another team may be probed `within` seconds of their time. `sample` is called every second; it may never
    give more than `most`.
    """
    crowd = many(count)
    try:
        urls = {f"hog-{n:03}": f"http://127.0.0.1:{crowd.port}/e/{n}" for n in range(count)}
        slow = {"interval": INTERVAL, "timeout": 4.9, "fail_after": 3, "recover_after": 1}
        theirs = rig.ask("add", team="hog", mail_to=[], endpoints=urls, options=slow)
        ours = rig.add("alpha", {f"alpha-{n}": rig.engines.make() for n in range(HEALTHY)}, "alpha@example.org")
        rig.wait(lambda: rig.ask("known", numbers=theirs + ours), 60, "not all endpoints were probed")
        cookie, began = rig.ask("sign_in"), time.time()
        for play in crowd.plays.values():
            play.hang = True
        wrong, samples = [], []
        while time.time() < began + seconds:
            rig.wait_up_to(1)
            wrong += [f"{part}: {said}" for part, said in rig.health().items() if said != "ok"]
            code = _board(rig, cookie)
            wrong += [] if code == "200" else [f"the board answered {code}"]
            samples.append(sample() if sample else 0)
        late = sorted(rig.ask("late", numbers=ours, since=began))
    finally:
        crowd.close()
    missing = HEALTHY * (int(seconds / INTERVAL) - 1) - len(late)
    wrong += [f"{missing} probes of the healthy ones are missing"] if missing > 0 else []
    wrong += [f"{max(samples)} database connections"] if max(samples) > most else []
    seen = f"p99 lateness {p99(late or [1e9]):.0f} ms of {len(late)} probes"
    seen += f"; at most {max(samples)} database connections" if sample else ""
    return Outcome(
        f"{count} endpoints of another team began to hang at once, for {seconds:g} s",
        f"healthy endpoints keep their interval (p99 lateness under {within:g} s); the board answers; all parts are ok",
        seen + _shown(wrong),
        not wrong and p99(late) < 1000 * within,
    )


def _shown(wrong: list[str]) -> str:
    return "".join(f"; {what} ({wrong.count(what)} times)" for what in dict.fromkeys(wrong))


def _board(rig: Rig, cookie: str) -> str:
    url = f"http://127.0.0.1:{rig.port}/"
    command = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--cookie", cookie, url]
    command += ["--max-time", str(BOARD_WITHIN)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def on_small_postgres(count: int, seconds: float, within: float = 1.0) -> Outcome:
    """The same on a PostgreSQL server of our own, with the 100 connections that are its default."""
    try:
        with small_postgres() as (url, connections), Rig(DATABASE_URL=url) as rig:
            found = hanging(rig, count, seconds, within, connections, most=65)
    except FileNotFoundError as error:
        return Outcome("PostgreSQL with 100 connections", "to be run", f"skipped: {error}", None)
    return Outcome(f"PostgreSQL with 100 connections: {found.done}", found.expected, found.seen, found.ok)


@contextmanager
def small_postgres() -> Iterator[tuple[str, Callable[[], int]]]:
    """The URL of a server with 100 connections, for a role without privileges, and a count of the connections to it.

    Raises FileNotFoundError, with what is missing, where none can be started.
    """
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs or os.geteuid() != 0 or not shutil.which("runuser"):
        raise FileNotFoundError("needs Debian's PostgreSQL, and root to start it as another user")
    folder = Path(tempfile.mkdtemp(prefix="plimsoll-postgres-"))
    os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    folder.chmod(0o755)

    def run(program: str, *arguments: str) -> None:
        command = ["runuser", "-u", "postgres", "--", str(programs[-1] / program), "-D", str(folder / "data")]
        subprocess.run([*command, *arguments], cwd="/", check=True, stdout=subprocess.DEVNULL)

    try:
        run("initdb", "-A", "trust")
        options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=100"
        run("pg_ctl", "-l", str(folder / "log"), "-w", "-o", options, "start")
        with psycopg.connect(host=str(folder), user="postgres", dbname="postgres", autocommit=True) as admin:
            admin.execute("CREATE ROLE app LOGIN")
            admin.execute("CREATE DATABASE plimsoll OWNER app")
            count = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"
            yield f"postgres://app@/{folder}/plimsoll", lambda: admin.execute(count).fetchone()[0]  # type: ignore[index]
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder)
