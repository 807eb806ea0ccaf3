"""The product's web server in a process of its own, and clients that are slow, idle or silent."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from config.data_folder import ROOT
from tests.broker import free_port

_START = """
from core.web import connections
from ops.web_server import main
for name, value in {deadlines!r}.items():
    setattr(connections, name, value)
main()
"""

HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-a: "


class Web:
    """Use as a context. `files` is the limit of open files, hard and soft; `deadlines` are its constants."""

    def __init__(
        self, folder: Path, *, files: int | None = None, deadlines: dict | None = None, **settings: str
    ) -> None:
        self.port, self.log = free_port(), folder / "log"
        self._command = ["prlimit", f"--nofile={files}:{files}", "--"] if files else []
        self._command += [sys.executable, "-c", _START.format(deadlines=deadlines or {})]
        table = {"PLIMSOLL_DATA": str(folder), "PORT": str(self.port), "DJANGO_SETTINGS_MODULE": "config.settings"}
        self._environment = {**os.environ, **table, "MALLOC_ARENA_MAX": "2", "DEBUG": "on", **settings}

    def __enter__(self) -> "Web":
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)
        end = time.monotonic() + 30
        while True:
            try:
                self.live()
                return self
            except OSError:
                assert time.monotonic() < end and self.process.poll() is None, self.log.read_text()
                time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(15)

    def live(self) -> float:
        """The seconds that /health/live takes; raises OSError when it does not answer 200 within 5 s."""
        began = time.monotonic()
        with self.open(
            b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", timeout=5
        ) as client:
            if not read_all(client).startswith(b"HTTP/1.1 200"):
                raise ConnectionError("not 200")
        return time.monotonic() - began

    def open(self, data: bytes = b"", timeout: float = 20) -> socket.socket:
        """A connection that has sent this."""
        client = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        client.sendall(data)
        return client

    def wait_until_closed(self, client: socket.socket) -> None:
        """Waits until the server has forgotten this client's connection, though the client reads nothing."""
        end, name = time.monotonic() + 30, f"{client.getsockname()[1]:04X}"
        theirs = f"0100007F:{self.port:04X} 0100007F:{name}"
        while theirs in " ".join(Path("/proc/net/tcp").read_text().split()):
            assert time.monotonic() < end, "the connection is still there"
            time.sleep(0.05)

    def memory(self) -> float:
        """MiB of memory that the process has in use."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", text)[0]) / 1024

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))


def read_all(client: socket.socket) -> bytes:
    """What comes until the other side closes; a reset is an end, too."""
    found = b""
    try:
        while chunk := client.recv(65536):
            found += chunk
    except ConnectionError:
        pass
    return found


def closed_after(client: socket.socket, every: Callable[[socket.socket], None] = lambda _: None) -> tuple[float, bytes]:
    """Seconds until the server closes, and what it sent; `every` tenth of a second something may be sent."""
    began, found = time.monotonic(), b""
    client.settimeout(0.1)
    while time.monotonic() - began < 30:
        try:
            chunk = client.recv(65536)
            if not chunk:
                break
            found += chunk
        except TimeoutError:
            try:
                every(client)
            except ConnectionError:
                break
        except ConnectionError:
            break
    return time.monotonic() - began, found
