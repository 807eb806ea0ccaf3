"""Clients of the web server that mean no good, and whoever can write to the broker."""

import base64
import http.client
import json
import os
import pickle
import resource
import socket
import time
import uuid
from contextlib import ExitStack, closing
from pathlib import Path

import redis

from .outcome import Outcome
from .rig import Rig

FILES = 1024
"""The limit of open files, hard and soft, under which the web server has to live."""

SMALL = ("prlimit", f"--nofile={FILES}:{FILES}", "--")
"""For `Rig(wrap=SMALL)`."""

POST = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1572864\r\n\r\n"


class Watch:
    """What /health/live takes, in seconds, and how much memory and how many threads the web server has at most."""

    def __init__(self, rig: Rig) -> None:
        process = rig.parts["web"].process
        assert process is not None
        self._rig, self._folder, self._log = rig, Path(f"/proc/{process.pid}"), (rig.data / "log").stat().st_size
        self.live, self.threads, self.memory_before = list[float](), 0, self._memory()
        self.memory = self.memory_before

    def sample(self, seconds: float) -> None:
        """Asks twice a second for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.live.append(_live(self._rig.port))
            self.threads = max(self.threads, len(os.listdir(self._folder / "task")))
            self.memory = max(self.memory, self._memory())
            self._rig.wait_up_to(0.5)

    def _memory(self) -> float:
        return int((self._folder / "statm").read_text().split()[1]) * resource.getpagesize() / 2**20

    def logged(self) -> float:
        """KiB of log since the beginning."""
        return ((self._rig.data / "log").stat().st_size - self._log) / 1024

    def figures(self) -> str:
        return (
            f"/health/live at most {max(self.live):.3f} s, {self.logged():.1f} KiB of log, at most {self.threads} "
            f"threads, memory {self.memory_before:.0f} -> {self.memory:.0f} MiB"
        )

    def fine(self, within: float = 1.0) -> bool:
        return max(self.live) < within and self.logged() < 1024

    def settled(self) -> bool:
        """Whether the web server has few threads again."""
        return len(os.listdir(self._folder / "task")) < 20


def _live(port: int) -> float:
    began = time.monotonic()
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        client.request("GET", "/health/live")
        return time.monotonic() - began if client.getresponse().status == 200 else 99.0
    except (OSError, http.client.HTTPException):
        return 99.0
    finally:
        client.close()


def _open(rig: Rig, clients: ExitStack, data: bytes) -> socket.socket:
    client = clients.enter_context(socket.create_connection(("127.0.0.1", rig.port), timeout=10))
    client.sendall(data)
    return client


def _many_files() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def idle(rig: Rig, count: int, posts: int, seconds: float) -> Outcome:
    """So many half-sent requests, and unfinished bodies of 1.5 MiB, of one client."""
    _many_files()
    watch = Watch(rig)
    with ExitStack() as clients:
        for _ in range(count):
            _open(rig, clients, b"GET / HTTP/1.1\r\nHost: x\r\nX-a: ")
        watch.sample(seconds / 2)
        for _ in range(posts):
            _open(rig, clients, POST + b"a" * 1_572_863)
        watch.sample(seconds / 2)
    return Outcome(
        f"{count:,} half-sent requests and {posts} unfinished bodies of 1.5 MiB for {seconds:g} s, {FILES} open files",
        "/health/live under 1 s, under 1 MiB of log, no more than 60 MiB of memory",
        watch.figures(),
        watch.fine() and watch.memory - watch.memory_before < 60,
    )


def streams(rig: Rig, count: int, people: int, seconds: float, within: float = 1.0) -> Outcome:
    """So many event streams, of one person and then of many."""
    _many_files()
    cookies = [rig.ask("session", name=f"viewer{n}") for n in range(people)]
    watch = Watch(rig)
    with ExitStack() as clients:
        for whose in ([0] * count, [n % people for n in range(count)]):
            for person in whose:
                ((name, value),) = cookies[person].items()
                head = f"GET /live HTTP/1.1\r\nHost: localhost\r\nCookie: {name}={value}\r\n\r\n"
                _open(rig, clients, head.encode())
            watch.sample(seconds / 2)
        settled = rig.wait_up_to(30, watch.settled)
    return Outcome(
        f"{count:,} event streams of one person, then of {people}, for {seconds:g} s, {FILES} open files",
        f"/health/live under {within:g} s, under 1 MiB of log, fewer than 20 threads once all are open",
        watch.figures() + ("" if settled else ", threads stay"),
        watch.fine(within) and settled,
    )


class Planted:
    """A pickle that leaves a file when it is read."""

    def __init__(self, trace: Path) -> None:
        self.command = f"touch {trace}"

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (self.command,)


def pickles(rig: Rig) -> Outcome:
    """Somebody plants pickles in the broker: in every entry of the cache, and as a task in every queue."""
    trace, expected = rig.data / "trace", "none is run, wrong passwords are still counted, all goes on"
    rig.ask("session", name="alice")  # without an account there is no form to sign in by
    poison = pickle.dumps(Planted(trace))
    with redis.Redis.from_url(rig.broker_url) as broker:
        for _ in range(3):
            _sign_in(rig)
            for key in broker.keys(f"{rig.redis_prefix}:cache:*"):
                broker.set(key, poison)
            for queue in ("probe", "dispatch", "delivery", "upkeep"):
                broker.lpush(f"{rig.redis_prefix}:celery:{queue}", _message(queue, poison))
        refused = [_sign_in(rig) for _ in range(10)][-1]
    steady = rig.steady()
    ready = rig.wait_up_to(30, rig.ready)
    seen = "run" if trace.exists() else "none was run"
    seen += ", the tenth wrong password was " + ("refused unread" if refused else "tried")
    seen += f", {len(steady)} endpoints are probed, " + ("ready" if ready else "not ready")
    return Outcome(
        "Pickles planted in the broker: in each cached entry and as tasks in each queue",
        expected, seen, not trace.exists() and ready and refused,
    )  # fmt: skip


def _sign_in(rig: Rig) -> bool:
    """Tries a wrong password; returns whether the answer is that there were too many tries."""
    with closing(http.client.HTTPConnection("127.0.0.1", rig.port, timeout=10)) as client:
        client.request("GET", "/accounts/login/")
        page = client.getresponse()
        cookie = (page.getheader("Set-Cookie") or "").partition(";")[0]
        token = page.read().decode().partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        client.request("POST", "/accounts/login/", f"csrfmiddlewaretoken={token}&login=x&password=y", headers)
        return b"oo many" in client.getresponse().read()


def _message(queue: str, body: bytes) -> str:
    """A message as Celery's transport keeps it, whose body is a pickle."""
    delivery = {"exchange": "", "routing_key": queue}
    properties = {"correlation_id": "x", "delivery_tag": str(uuid.uuid4()), "delivery_mode": 2, "priority": 0}
    message = {
        "body": base64.b64encode(body).decode(),
        "content-encoding": "binary",
        "content-type": "application/x-python-serialize",
        "headers": {"task": "fleet.tasks.tick", "id": str(uuid.uuid4())},
        "properties": {**properties, "delivery_info": delivery, "body_encoding": "base64"},
    }
    return json.dumps(message)
