"""`manage.py up` for real: all parts, one after another stopped, killed and in each other's way."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from config.data_folder import ROOT
from tests.template import copy_migrated

pytestmark = [
    pytest.mark.product,
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the parts in /proc"),
]


class Running:
    """A real run on a free port and a folder of its own."""

    def __init__(self, data: Path, wait_for) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log, self.data = data / "log", data
        copy_migrated(data)
        self.process = start(data, self.port, self.log)
        try:
            wait_for(lambda: "is ready" in self.text() or self.process.poll() is not None, 60, "never ready")
            assert self.process.poll() is None, self.text()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def text(self) -> str:
        return self.log.read_text()

    def parts(self) -> dict[str, int]:
        """The process of each part, by the name that `ps -e` shows."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {Path(f"/proc/{pid}/comm").read_text().strip(): int(pid) for pid in children}


def start(data: Path, port: int, log: Path) -> subprocess.Popen:
    settings = {"PLIMSOLL_DATA": str(data), "PORT": str(port), "DJANGO_SETTINGS_MODULE": "config.settings"}
    with log.open("w") as out:
        command = [sys.executable, "manage.py", "up"]
        return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stdout=out, stderr=out)


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and was not collected yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def migrated(tmp_path) -> None:
    """The folder is not new: its database has all tables."""
    copy_migrated(tmp_path)


@pytest.fixture
def running(tmp_path, wait_for):
    run = Running(tmp_path, wait_for)
    parts = run.parts()
    yield run
    if run.process.poll() is None:
        run.process.kill()
        run.process.wait()
    wait_for(lambda: not any(map(alive, parts.values())), 5, "parts survived the end of the test")


def test_everything_runs_and_stops_cleanly_with_an_open_event_stream(running, tmp_path_factory, wait_for):
    assert {"web", "worker-probe", "worker-general"} < set(running.parts())
    assert re.search(r"No account yet\. Create the first one: http://\S+/start/\S+/", running.text())
    with urllib.request.urlopen(f"http://127.0.0.1:{running.port}/health/ready") as response:
        assert response.status == 200

    second = start(running.data, running.port, tmp_path_factory.mktemp("second") / "log")
    assert second.wait(60) == 1
    other = tmp_path_factory.mktemp("other")
    third = start(other, running.port, other / "log")
    assert third.wait(60) == 1
    assert f"Port {running.port} on 127.0.0.1 can't be used" in (other / "log").read_text()

    parts = running.parts()
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(8) == 0
    assert running.text().splitlines()[-1].endswith("| Stopped.")
    assert not any(map(alive, parts.values()))


def test_the_parts_share_what_was_loaded_once(running):
    for pid in (running.parts()[name] for name in ("web", "worker-probe", "worker-general")):
        sizes = dict(re.findall(r"(\w+): +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text()))
        assert int(sizes["Shared_Dirty"]) > 30_000, "KiB"


@pytest.mark.usefixtures("migrated")
def test_the_supervisor_lets_go_of_what_was_loaded(running, wait_for):
    status = Path(f"/proc/{running.process.pid}/status")
    # Of its own memory, of which the loaded program takes ten times as much.
    wait_for(lambda: int(re.findall(r"RssAnon:\s+(\d+) kB", status.read_text())[0]) < 10_000, 10, "it kept it")
    assert {"web", "worker-probe", "worker-general"} < set(running.parts()), "and they are still its children"


def test_what_parts_must_not_share_is_not_open_when_they_begin(tmp_path):
    script = """
import os, sys, threading, django
django.setup()
from ops import up
up.prepare_apart()
assert not [name for name in sys.modules if name.startswith("fleet.migrations.")], "what only the start needs is kept"
up.load()
up.close_all()
assert threading.active_count() == 1, threading.enumerate()
found = [os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")]
assert not [path for path in found if "sqlite3" in path or "socket:" in path], found
"""
    settings = {"PLIMSOLL_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings"}
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env={**os.environ, **settings}, check=True)


def test_a_start_whose_preparing_is_killed_says_so(tmp_path):
    script = """
import os, signal, django
django.setup()
from ops import up
up.prepare = lambda: os.kill(os.getpid(), signal.SIGKILL)
try:
    up.prepare_apart()
except up.CannotStart as error:
    print(error)
"""
    settings = {"PLIMSOLL_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, check=True)
    assert "ended with signal 9 (SIGKILL)" in done.stdout


@pytest.mark.usefixtures("migrated")
def test_a_killed_part_stops_all_of_it_and_is_named(running):
    parts = running.parts()
    os.kill(parts["worker-probe"], signal.SIGKILL)
    assert running.process.wait(12) == 1
    last = running.text().splitlines()[-1]
    assert last.endswith("Stopped: worker-probe ended with signal 9 (SIGKILL). Its last lines are above.")
    assert not any(map(alive, parts.values()))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
@pytest.mark.usefixtures("migrated")
def test_no_part_survives_when_the_supervisor_is_killed(running, wait_for):
    parts = running.parts()
    running.process.kill()
    running.process.wait()
    wait_for(lambda: not any(map(alive, parts.values())), 5, "a part outlived the supervisor")
