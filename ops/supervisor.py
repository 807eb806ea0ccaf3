"""Runs every part as a child process: starts them in order, shows their logs, stops all when one ends.

A part is a fork of this process, which has loaded the program by then, so that all share that memory. Where that is not
safe, and for what is another program, the fork becomes the part's command. Standard library only.
"""

import ctypes
import http.client
import io
import json
import multiprocessing
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from typing import TextIO

STOP_WITHIN = 5.0
"""Seconds a part gets to stop by itself before it is killed."""

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

REMIND_EVERY = 30.0
"""Seconds after which a start that is still not ready says what it waits for."""

HARMLESS = (b"WARNING Memory overcommit must be enabled",)
"""Lines that alarm without need: Valkey's advice is for data sets that fill the memory, and ours is a queue."""

COLOURS = (36, 33, 35, 32, 34)
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_forking = multiprocessing.get_context("fork")


class Ended(Exception):
    """A part ended although nobody asked it to. The text says which and how."""


class StopAsked(Exception):
    """Somebody wants all of it to stop."""


@dataclass
class Part:
    """One child process: this command, or `run` in a fork. `last` parts are stopped after all others have."""

    name: str
    command: list[str]
    run: Callable[[], object] | None = None
    last: bool = False
    process: BaseProcess = field(init=False)
    unfinished: bytes = b""  # a line whose end has not come yet


@dataclass
class Plan:
    """What is to run."""

    parts: list[Part]
    broker: Part | None  # starts first
    broker_socket: str
    forget: list[str]  # keys of an earlier run, whose signs of life would make us seem ready before we are
    load: Callable[[], object]  # what forks are to share, done while the broker starts
    health: tuple[str, int]  # where the web server listens
    health_pass: dict[str, str]  # headers that show the health page that we may know the details
    needed: list[str]  # the parts of the health page that are waited for
    greeting: list[str]  # lines for the log, once all is ready


class Supervisor:
    """The parts that run, and their logs. It owns the signals SIGINT, SIGTERM and SIGHUP."""

    def __init__(self, out: TextIO, own: Iterable[int] = ()) -> None:
        """`own`: descriptors that no part may keep."""
        self.out = out
        self.parts: list[Part] = []
        self._selector = selectors.DefaultSelector()
        self._asked, self._own = 0, tuple(own)
        for number in STOP_SIGNALS:
            # nohup has SIGHUP ignored, so that the end of the session stops nothing.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self._asked += 1

    def log_line(self, text: str, name: str = "plimsoll") -> None:
        """Prints one line with the name of the part before it. A log that takes nothing more ends nothing."""
        index = next((i for i, part in enumerate(self.parts) if part.name == name), None)
        label = f"{name:<14} | "
        if index is not None and self.out.isatty():
            label = f"\x1b[{COLOURS[index % len(COLOURS)]}m{label}\x1b[0m"
        with suppress(OSError):  # a full disk, a reader that went away, a terminal that was closed
            print(label + text, file=self.out, flush=True)

    def start(self, part: Part) -> None:
        """Starts a part in a process group of its own, so that Ctrl-C reaches us alone."""
        log, output = os.pipe()
        part.process = _forking.Process(target=self._become, args=(part, log, output, os.getpid()))
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)  # until the part has no handlers of ours
        try:
            part.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(output)
        self.parts.append(part)
        self._selector.register(log, selectors.EVENT_READ, part)

    def _become(self, part: Part, log: int, output: int, parent: int) -> None:
        """Makes the child that part."""
        os.setsid()
        if _libc:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # even when we are killed and can stop nobody
            if os.getppid() != parent:
                os._exit(1)
            _libc.prctl(_PR_SET_NAME, part.name.encode())
        for number in STOP_SIGNALS:
            if signal.getsignal(number) == self._ask:
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        for ours in (log, *(key.fd for key in self._selector.get_map().values()), *self._own):
            os.close(ours)
        self._selector.close()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for stream in (1, 2):
            os.dup2(output, stream)
        os.close(output)
        if part.run is None:
            # Without the limit each of many threads keeps freed memory in an arena of its own.
            environment = {"MALLOC_ARENA_MAX": "2", **os.environ, "PYTHONUNBUFFERED": "1"}
            os.execve(part.command[0], part.command, environment)
        sys.stdout, sys.stderr = unbuffered(1), unbuffered(2)
        part.run()

    def watch(self, seconds: float = 0.5) -> None:
        """Shows what the parts log for about so long. Raises Ended or StopAsked."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._show_logs(left)
        for part in self.parts:
            if (code := part.process.exitcode) is not None:
                self._show_logs(0.1)
                raise Ended(f"{part.name} ended with {how(code)}")
        if self._asked:
            raise StopAsked

    def wait_until(self, missing: Callable[[], str]) -> None:
        """Watches until `missing` has nothing to say any more; repeats now and then what it says."""
        remind_at = time.monotonic() + REMIND_EVERY
        while text := missing():
            self.watch(0.1)
            if time.monotonic() > remind_at:
                self.log_line(f"Not ready yet. {text}")
                remind_at += REMIND_EVERY

    def stop(self) -> None:
        """Stops every part: first those that use the others. Asking twice (Ctrl-C, Ctrl-C) kills at once."""
        for last in (False, True):
            running = [part.process for part in self.parts if part.last is last and part.process.is_alive()]
            for process in running:
                process.terminate()
            give_up_at = time.monotonic() + STOP_WITHIN
            while any(process.is_alive() for process in running) and time.monotonic() < give_up_at:
                if self._asked > 1:
                    break
                self._show_logs(0.05)
            for process in running:
                if process.is_alive():
                    with suppress(ProcessLookupError):  # it has no group yet
                        os.killpg(process.pid or 0, signal.SIGKILL)
                    process.kill()
                    process.join()
        self._show_logs(0)

    def _show_logs(self, seconds: float) -> None:
        if not self._selector.get_map():
            time.sleep(seconds)
            return
        for key, _ in self._selector.select(seconds):
            part: Part = key.data
            chunk = os.read(key.fd, 65536)
            if not chunk:
                self._selector.unregister(key.fileobj)
                os.close(key.fd)
                chunk = b"\n" if part.unfinished else b""
            *lines, part.unfinished = (part.unfinished + chunk).split(b"\n")
            for line in lines:
                if not any(known in line for known in HARMLESS):
                    self.log_line(line.decode(errors="replace").rstrip(), part.name)


def unbuffered(descriptor: int) -> TextIO:
    """A text stream without a buffer: a line that is not taken is gone, and not in the way of the next."""
    file = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(file, errors="backslashreplace", write_through=True)


def how(code: int) -> str:
    """How a process ended, from its return code."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"signal {-code}"


def run(plan: Plan, own: Iterable[int] = ()) -> int:
    """Runs the plan until a part ends (returns 1) or a stop is asked for (returns 0). `own` is that of Supervisor."""
    output = sys.stdout.fileno() if sys.stdout else os.open(os.devnull, os.O_WRONLY)  # it may have been closed
    supervisor = Supervisor(unbuffered(output), own)
    last_line, code = "Stopped.", 0
    try:
        _start(supervisor, plan)
        while True:
            supervisor.watch()
    except StopAsked:
        pass
    except Ended as ended:
        last_line, code = f"Stopped: {ended}. Its last lines are above.", 1
    finally:
        supervisor.stop()
    supervisor.log_line(last_line)
    return code


def _start(supervisor: Supervisor, plan: Plan) -> None:
    if plan.broker:
        supervisor.start(plan.broker)
    plan.load()
    if plan.broker:
        forget = f"DEL {' '.join(plan.forget)}"
        supervisor.wait_until(lambda: _ask_broker(plan.broker_socket, forget))
    for part in plan.parts:
        supervisor.start(part)
    supervisor.wait_until(lambda: _ask_web(plan.health, plan.needed, plan.health_pass))
    for line in plan.greeting:
        supervisor.log_line(line)


def _ask_broker(path: str, command: str) -> str:
    """Has the broker run an inline command; returns what is wrong, or nothing."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            client.connect(path)
            client.sendall(f"{command}\r\n".encode())
            answer = client.recv(200).decode(errors="replace")
    except OSError as error:
        return f"Valkey does not answer: {error}"
    return "" if answer.startswith(":") else f"Valkey answers {answer.strip()}"


def _ask_web(address: tuple[str, int], needed: list[str], headers: dict[str, str]) -> str:
    """What is missing of the parts that are needed, by the health page; nothing once all do their work.

    `headers` show it that we may know the details.
    """
    client = http.client.HTTPConnection(*address, timeout=5)
    try:
        client.request("GET", "/health/ready", headers={"Host": "localhost", **headers})
        response = client.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        return f"The web server does not answer: {error}"
    finally:
        client.close()
    if response.status == 200:
        return ""
    try:
        return " ".join(text for part, text in json.loads(body).items() if part in needed and text != "ok")
    except ValueError:
        return f"The web server answers {response.status}."
