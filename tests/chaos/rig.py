"""The whole product as `manage.py up` would start it, but part by part, so that each can be killed and frozen."""

import json
import os
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import redis

from config.environment import TABLE
from tests.broker import free_port
from tests.template import copy_migrated

from .engines import Engine, Engines
from .mail import MailServer
from .outcome import Outcome

ROOT = Path(__file__).resolve().parent.parent.parent
RESTART_AFTER = 1.0
"""Seconds after which a service manager would start a part again that ended."""

STEADY = 8
POLL = 0.05
"""Seconds between two probes at a condition."""

END_WITH_US = ("setpriv", "--pdeathsig", "KILL")
"""Goes before a command, so that it ends when we do, however we end. `preexec_fn` is not safe among our threads."""


class Never(AssertionError):
    """What was waited for did not come."""


class Forked:
    """A process that is no child of ours, with what `Popen` has of it."""

    def __init__(self, pid: int) -> None:
        self.pid, self._ended = pid, False
        self._file = os.pidfd_open(pid)

    def poll(self, timeout: float = 0) -> int | None:
        """None while it runs."""
        if not self._ended and select.select([self._file], [], [], timeout)[0]:
            self._ended = True
            os.close(self._file)
        return 0 if self._ended else None

    def wait(self) -> None:
        """Waits until it has ended."""
        while self.poll(1) is None:
            pass


class Part:
    """One process of the product, with a process group of its own."""

    def __init__(self, name: str, start: Callable[[], "Forked | subprocess.Popen[bytes]"]) -> None:
        self.name, self._start = name, start
        self.process: Forked | subprocess.Popen[bytes] | None = None
        self.kills = 0
        self.restart_at: float | None = None  # monotonic

    def start(self) -> None:
        """Starts it."""
        self.restart_at = None
        self.process = self._start()

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the process and its children."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """kill -9, from any thread. `Rig.tend` starts it again."""
        self.kills += 1
        self.send(signal.SIGKILL)

    def stop(self, away: float) -> None:
        """Asks it to end; it is started again after so many seconds."""
        self.restart_at = time.monotonic() + away
        self.send(signal.SIGTERM)


def on_a_rig(scenario: Callable[["Rig"], Outcome], **options: Any) -> Outcome:
    """Runs it on a product of its own; `options` are those of Rig."""
    with Rig(**options) as rig:
        return scenario(rig)


class Rig:
    """The product, a mail server and engines. Use as a context; `add` endpoints, break things, read the mails.

    `wrap` goes before each command (to run it elsewhere), `environment` on top of the product's settings.
    """

    def __init__(self, *, wrap: tuple[str, ...] = (), host: str = "127.0.0.1", **environment: str) -> None:
        self.data = Path(tempfile.mkdtemp(prefix="plimsoll-chaos-"))
        self.host, self.port = host, free_port()
        self.mail = MailServer(host)
        self.engines = Engines()
        self.parts: dict[str, Part] = {}
        self.meanwhile: list[Callable[[], None]] = []  # called again and again while something is waited for
        self.broker_url = self.redis_prefix = ""
        self._steady: list[int] = []
        self._wrap = wrap
        self._environment = self._settings() | environment
        self._log = (self.data / "log").open("ab")
        self._console: subprocess.Popen[str] | None = None

    def _settings(self) -> dict[str, str]:
        ours = {variable.name: "" for variable in TABLE}
        ours |= {
            "PLIMSOLL_DATA": str(self.data),
            "PORT": str(self.port),
            "EMAIL_URL": f"smtp://{self.host}:{self.mail.port}",
            "PROBE_THREADS": "96",
            "ENDPOINTS_PER_TEAM": "100000",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "MALLOC_ARENA_MAX": "2",
            "PYTHONUNBUFFERED": "1",
        }
        return {**os.environ, **ours}

    def __enter__(self) -> "Rig":
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _start(self) -> None:
        if not self._environment["DATABASE_URL"]:
            copy_migrated(self.data)
        self._console = subprocess.Popen(
            [*END_WITH_US, sys.executable, "-m", "tests.chaos.console"],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        prepared = self.ask("migrate")
        self.broker_url, self.redis_prefix = prepared["broker"], prepared["prefix"]
        self._health_pass = prepared["health_pass"]
        for name, command in prepared["commands"].items():
            part = Part(name, partial(self._launch, command))
            self.parts[name] = part
            part.start()
            if name == "valkey":
                self.wait(self.broker_answers, 10, "the broker did not come up")
        self.wait(self.ready, 60, "the product was never ready")

    def _launch(self, command: list[str]) -> "Forked | subprocess.Popen[bytes]":
        if not self._wrap:
            return Forked(self.ask("launch", command=command, log=str(self.data / "log")))
        return subprocess.Popen(
            [*END_WITH_US, *self._wrap, *command],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def close(self) -> None:
        """Ends every process and removes every file."""
        for part in self.parts.values():
            part.send(signal.SIGKILL)
        for part in self.parts.values():
            if part.process is not None:
                part.process.wait()
        if self._console is not None:
            self._console.kill()
            self._console.communicate()
        self.engines.close()
        self.mail.close()
        self._log.close()
        shutil.rmtree(self.data, ignore_errors=True)

    def ask(self, do: str, **request: Any) -> Any:
        """Has the product do something by its own functions: see console.py."""
        assert self._console is not None and self._console.stdin is not None and self._console.stdout is not None
        self._console.stdin.write(json.dumps({"do": do, **request}) + "\n")
        self._console.stdin.flush()
        answer = self._console.stdout.readline()
        if not answer:
            raise Never(f"{do} failed: {self.log_tail()}")
        return json.loads(answer)

    def add(self, team: str, engines: Mapping[str, Engine], *mail_to: str, **options: Any) -> list[int]:
        """Watches these engines by their names; returns the endpoints' numbers. Every 5 s, down after two failures."""
        chosen = {"interval": 5, "timeout": 2.0, "fail_after": 2, "recover_after": 1} | options
        urls = {name: engine.url for name, engine in engines.items()}
        return self.ask("add", team=team, mail_to=list(mail_to), endpoints=urls, options=chosen)

    def steady(self) -> list[int]:
        """The numbers of STEADY endpoints that nothing happens to, each seen up. A mail about one is a false alarm."""
        if not self._steady:
            engines = {f"steady-{n}": self.engines.make() for n in range(STEADY)}
            self._steady = self.add("steady", engines, "steady@example.org")
            self.wait(lambda: self.all_up(self._steady), 20, "the engines were not all seen up")
        return self._steady

    # Conditions

    def tend(self) -> None:
        """Does a service manager's work: starts what ended, a second later. And what is to be done meanwhile."""
        now = time.monotonic()
        for part in self.parts.values():
            if part.process is not None and not part.runs:
                if part.restart_at is None:
                    part.restart_at = now + RESTART_AFTER
                elif now >= part.restart_at:
                    part.start()
        for work in self.meanwhile:
            work()

    def wait(self, condition: Callable[[], object], timeout: float, why: str) -> None:
        """Tends the parts until the condition holds. Raises Never, with the end of the log, when it does not."""
        if not self.wait_up_to(timeout, condition):
            raise Never(f"Waited {timeout:g} s: {why}\n{self.log_tail()}")

    def wait_up_to(self, seconds: float, condition: Callable[[], object] = lambda: False) -> bool:
        """Tends the parts for so long, or until the condition holds; returns whether it does."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            self.tend()
            time.sleep(POLL)
        return True

    def ready(self) -> bool:
        """Whether the product says of itself that every part does its work."""
        report = self.health()
        return bool(report) and set(report.values()) == {"ok"}

    def health(self) -> dict[str, str]:
        """What /health/ready says of each part; nothing while the web process is away."""
        url = f"http://127.0.0.1:{self.port}/health/ready"
        command = [*self._wrap, "curl", "--silent", "--max-time", "3", "--header", self._health_pass, url]
        asked = subprocess.run(command, capture_output=True, text=True, check=False)
        return json.loads(asked.stdout) if asked.stdout.startswith("{") else {}

    def broker_answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.broker_url, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def all_up(self, numbers: list[int]) -> bool:
        """Whether each of these endpoints is up (or busy, or asleep)."""
        bad = self.rows(
            "SELECT endpoint_id FROM fleet_endpointstate WHERE status IN ('unknown', 'down', 'degraded', 'loading')"
        )
        return not set(numbers) & {row[0] for row in bad}

    # What the product has written

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Reads the product's database."""
        with self._reading() as connection:
            return connection.execute(query, values).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)
        try:
            yield connection
        finally:
            connection.close()

    @property
    def database(self) -> Path:
        return self.data / "plimsoll.sqlite3"

    def undelivered(self) -> int:
        """How many messages are still to be delivered."""
        return self.rows("SELECT count(*) FROM fleet_message WHERE state = 'waiting'")[0][0]

    def spacing(self, numbers: list[int], since: float, until: float) -> list[float]:
        """Seconds between one probe and the next of each of these endpoints, in that stretch (unix seconds), sorted.

        The stretch itself counts as a probe at its ends, so that an endpoint that was not probed shows.
        """
        probes: dict[int, list[float]] = {number: [since] for number in numbers}
        for number, at in self.rows(
            "SELECT endpoint_id, (julianday(at) - 2440587.5) * 86400 FROM fleet_observation ORDER BY at"
        ):
            if number in probes and since <= at <= until:
                probes[number].append(at)
        return sorted(b - a for moments in probes.values() for a, b in pairwise([*moments, until]))

    def log_tail(self, lines: int = 15) -> str:
        """The end of what the parts logged."""
        text = (self.data / "log").read_text(errors="replace") if (self.data / "log").exists() else ""
        return "\n".join(text.splitlines()[-lines:])
