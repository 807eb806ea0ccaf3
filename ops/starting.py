"""Starts every part as a child process, in order, and waits until all of them work.

A part is a fork of this process, which has loaded the program by then, so that all share that memory. Where that is not
safe, and for what is another program, the fork becomes the part's command. Standard library only.
"""

import ctypes
import http.client
import json
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NoReturn

from .supervisor import STOP_SIGNALS, Part, Supervisor, unbuffered

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Program:
    """What a part is: this command, or `run` in a fork. `last` ones are stopped after all others have."""

    name: str
    command: list[str]
    run: Callable[[], object] | None = None
    last: bool = False


@dataclass
class Plan:
    """What is to run."""

    parts: list[Program]
    broker: Program | None  # starts first
    broker_socket: str
    forget: list[str]  # keys of an earlier run, whose signs of life would make us seem ready before we are
    load: Callable[[], object]  # what forks are to share, done while the broker starts
    health: tuple[str, int]  # where the web server listens
    health_pass: dict[str, str]  # headers that show the health page that we may know the details
    needed: list[str]  # the parts of the health page that are waited for
    greeting: list[str]  # lines for the log, once all is ready


def run(plan: Plan, own: Iterable[int] = ()) -> int:
    """Runs the plan until a part ends (returns 1) or a stop is asked for (returns 0). `own` is that of Supervisor."""
    output = sys.stdout.fileno() if sys.stdout else os.open(os.devnull, os.O_WRONLY)  # it may have been closed
    supervisor = Supervisor(unbuffered(output), own)
    return supervisor.run(lambda: _start(supervisor, plan))


def _start(supervisor: Supervisor, plan: Plan) -> None:
    if plan.broker:
        start(supervisor, plan.broker)
    plan.load()
    if plan.broker:
        forget = f"DEL {' '.join(plan.forget)}"
        supervisor.wait_until(lambda: _ask_broker(plan.broker_socket, forget))
    for program in plan.parts:
        start(supervisor, program)
    supervisor.wait_until(lambda: _ask_web(plan.health, plan.needed, plan.health_pass))
    for line in plan.greeting:
        supervisor.log_line(line)
    supervisor.run_alone()


def start(supervisor: Supervisor, program: Program) -> None:
    """Starts a part in a process group of its own, so that Ctrl-C reaches the supervisor alone."""
    log, output = os.pipe()
    parent = os.getpid()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)  # until the part has no handlers of ours
    try:
        if not (pid := os.fork()):
            os.close(log)
            _become(program, supervisor, output, parent)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    os.close(output)
    supervisor.adopt(Part(program.name, pid, log, program.last))


def end_with(parent: int) -> None:
    """Has a fork end with the process that made it, even when that is killed and can stop nobody."""
    if _libc:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _become(program: Program, supervisor: Supervisor, output: int, parent: int) -> NoReturn:
    """Makes the child that part, and ends with it."""
    code: object = 1
    try:
        os.setsid()
        end_with(parent)
        if _libc:
            _libc.prctl(_PR_SET_NAME, program.name.encode())
        supervisor.let_go()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for stream in (1, 2):
            os.dup2(output, stream)
        os.close(output)
        if program.run is None:
            # Without the limit each of many threads keeps freed memory in an arena of its own.
            environment = {"MALLOC_ARENA_MAX": "2", **os.environ, "PYTHONUNBUFFERED": "1"}
            os.execve(program.command[0], program.command, environment)
        sys.stdout, sys.stderr = unbuffered(1), unbuffered(2)
        program.run()
        code = 0
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            sys.stderr.write(f"{code}\n")
    except BaseException:
        traceback.print_exc()
    finally:
        threading._shutdown()  # type: ignore[attr-defined]  # as at the end of any program: threads that are no daemons
        os._exit(code if isinstance(code, int) else int(code is not None))


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
