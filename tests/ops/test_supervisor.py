"""The supervisor: what its log does, and which signals reach it."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.data_folder import ROOT
from ops import starting, supervisor

PROGRAM = """
import os, signal, sys, time
from ops.starting import Plan, Program, run

def work(mark):
    print("ünderway", flush=True)
    open(mark, "w").close()
    time.sleep(60)

how, mark, stop_while_loading = sys.argv[1:]
if how == "work":
    work(mark)
command = [sys.executable, "-X", "utf8", "-c", sys.orig_argv[-4], "work", mark, ""]
part = Program("part", command, (lambda: work(mark)) if how == "fork" else None)
load = lambda: os.kill(os.getpid(), signal.SIGTERM) if stop_while_loading else None
sys.exit(run(Plan([part], None, "", [], load, ("127.0.0.1", 1), {}, [], [])))
"""


class Script:
    """The supervisor as a process, with one part that logs a line and goes on: a fork, or a command of its own."""

    def __init__(
        self, folder: Path, how: str, out: int, prepare: Callable[[], object] | None = None, stop: str = ""
    ) -> None:
        self.mark = folder / "runs"
        self.process = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-c", PROGRAM, how, self.mark, stop],
            cwd=ROOT, stdout=out, stderr=subprocess.DEVNULL, preexec_fn=prepare,
        )  # fmt: skip

    def runs(self) -> bool:
        return self.mark.exists() and self.process.poll() is None


@pytest.fixture(params=["fork", "command"])
def script(tmp_path, request) -> Iterator[Callable[..., Script]]:
    started: list[Script] = []

    def start(*args, **kwargs) -> Script:
        started.append(Script(tmp_path, request.param, *args, **kwargs))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()


@pytest.fixture
def here() -> Iterator[None]:
    """Gives the signals of this process back, which a supervisor made here takes."""
    before = {number: signal.getsignal(number) for number in supervisor.STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def read_end_closed() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
@pytest.mark.parametrize(
    "output", [lambda: os.open("/dev/full", os.O_WRONLY), read_end_closed], ids=["full disk", "reader away"]
)
def test_a_log_that_takes_nothing_ends_nothing(script, wait_for, output):
    one = script(output())
    wait_for(one.runs)
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(10) == 0, "its last line was lost, too, and that is no failure"


def test_with_its_output_closed_it_runs(script, wait_for):
    one = script(subprocess.DEVNULL, prepare=lambda: os.close(1))
    wait_for(one.runs)
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(10) == 0


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), BrokenPipeError(), OSError(5, "I/O error")])
def test_a_line_that_is_lost_does_not_lose_the_next(here, error):
    class Log(io.StringIO):
        fails = True

        def write(self, text: str) -> int:
            if self.fails:
                raise error
            return super().write(text)

    log = Log()
    owner = supervisor.Supervisor(log)
    owner.log_line("lost")
    log.fails = False
    owner.log_line("kept")
    assert log.getvalue() == "plimsoll       | kept\n"


@pytest.mark.parametrize(("ignored", "stops"), [(True, False), (False, True)], ids=["nohup", "terminal"])
def test_the_end_of_a_session_stops_it_unless_that_is_ignored(script, wait_for, tmp_path, ignored, stops):
    handler = signal.SIG_IGN if ignored else signal.SIG_DFL
    with (tmp_path / "log").open("w") as log:
        one = script(log.fileno(), prepare=lambda: signal.signal(signal.SIGHUP, handler))
    wait_for(lambda: one.runs() and "nderway" in (tmp_path / "log").read_text())
    one.process.send_signal(signal.SIGHUP)
    if not stops:
        with pytest.raises(subprocess.TimeoutExpired):
            one.process.wait(1)
        one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(10) == 0


def test_a_stop_that_is_asked_for_while_it_loads_is_done(script, tmp_path):
    with (tmp_path / "log").open("w") as log:
        one = script(log.fileno(), stop="while loading")
    assert one.process.wait(10) == 0
    assert "Stopped." in (tmp_path / "log").read_text()


def test_a_stop_that_is_asked_for_before_it_runs_alone_is_kept(here):
    owner = supervisor.Supervisor(supervisor.unbuffered(1))
    os.kill(os.getpid(), signal.SIGTERM)
    owner.run_alone()
    with pytest.raises(supervisor.StopAsked):
        owner.watch(0)


def test_a_part_that_raises_is_named_with_its_traceback(here):
    log = io.StringIO()
    owner = supervisor.Supervisor(log)
    starting.start(owner, starting.Program("part", [], lambda: 1 / 0))
    with pytest.raises(supervisor.Ended, match="part ended with exit code 1"):
        owner.wait_until(lambda: "It has not raised yet.")
    owner.stop()
    assert "part           | ZeroDivisionError: division by zero" in log.getvalue()


@pytest.mark.parametrize(("encoding", "shown"), [("latin-1", "\xfcnderway"), ("ascii", "\\xfcnderway")])
def test_a_log_without_the_letters_shows_what_it_can(here, encoding, shown):
    taken = io.BytesIO()
    log = io.TextIOWrapper(taken, encoding=encoding, errors="backslashreplace", write_through=True)
    supervisor.Supervisor(log).log_line("ünderway")
    assert shown in taken.getvalue().decode("latin-1")
