"""Shows the logs of the parts, its child processes, and stops all of them when one ends.

Once they run, ops/starting.py runs this file by itself in its own process, since it would hold what it loaded for
nothing: 4 MiB are left of 14. So it imports little: the standard library, and of that neither dataclasses nor typing.
"""

import io
import json
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

STOP_WITHIN = 5.0
"""Seconds a part gets to stop by itself before it is killed."""

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

REMIND_EVERY = 30.0
"""Seconds after which a start that is still not ready says what it waits for."""

HARMLESS = (b"WARNING Memory overcommit must be enabled",)
"""Lines that alarm without need: Valkey's advice is for data sets that fill the memory, and ours is a queue."""

COLOURS = (36, 33, 35, 32, 34)


class Ended(Exception):
    """A part ended although nobody asked it to. The text says which and how."""


class StopAsked(Exception):
    """Somebody wants all of it to stop."""


class Part:
    """One child process. `last` parts are stopped after all others have."""

    def __init__(self, name: str, pid: int, log: int, last: bool = False, unfinished: bytes = b"") -> None:
        """`log`: the descriptor that its log is read from, -1 once it is at its end."""
        self.name, self.pid, self.log, self.last = name, pid, log, last
        self.unfinished = unfinished  # a line whose end has not come yet
        self._code: int | None = None

    def exit_code(self) -> int | None:
        """How it ended, negative for a signal; None while it runs."""
        if self._code is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if ended else None
        return self._code


class Supervisor:
    """The parts that run, and their logs. It owns the signals SIGINT, SIGTERM and SIGHUP."""

    def __init__(self, out: io.TextIOBase, own: Iterable[int] = ()) -> None:
        """`own`: descriptors that no part may keep."""
        self.out = out
        self.parts: list[Part] = []
        self._selector = selectors.DefaultSelector()
        self.own, self._asked = list(own), 0
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

    def adopt(self, part: Part) -> None:
        """Takes a child process that runs."""
        self.parts.append(part)
        if part.log >= 0:
            self._selector.register(part.log, selectors.EVENT_READ, part)

    def let_go(self) -> None:
        """Closes, in a fork that is to be a part, what is the supervisor's alone, and takes no signals any more."""
        for number in STOP_SIGNALS:
            if signal.getsignal(number) == self._ask:
                signal.signal(number, signal.SIG_DFL)
        for ours in (*(key.fd for key in self._selector.get_map().values()), *self.own):
            os.close(ours)
        self._selector.close()

    def run(self, start: Callable[[], object] = lambda: None) -> int:
        """Watches what `start` starts until a part ends (returns 1) or a stop is asked for (returns 0)."""
        last_line, code = "Stopped.", 0
        try:
            start()
            while True:
                self.watch()
        except StopAsked:
            pass
        except Ended as ended:
            last_line, code = f"Stopped: {ended}. Its last lines are above.", 1
        finally:
            self.stop()
        self.log_line(last_line)
        return code

    def run_alone(self) -> None:
        """Has this process run this file and nothing else, with the same parts; returns when that can't be."""
        out = self.out.fileno()
        parts = [(part.name, part.pid, part.log, part.last, part.unfinished.hex()) for part in self.parts]
        for number in (out, *self.own, *(part.log for part in self.parts)):
            if number >= 0:
                os.set_inheritable(number, True)
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)  # until the new program has handlers
        if not self._asked:
            with suppress(OSError):
                state = json.dumps([out, self.out.encoding, self.own, parts])
                # The words are for those who look for them, as `manage.py doctor` does.
                os.execv(sys.executable, [sys.executable, "-P", "-S", __file__, "manage.py", "up", state])
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def watch(self, seconds: float = 0.5) -> None:
        """Shows what the parts log for about so long. Raises Ended or StopAsked."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._show_logs(left)
        for part in self.parts:
            if (code := part.exit_code()) is not None:
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
            running = [part for part in self.parts if part.last is last and part.exit_code() is None]
            for part in running:
                os.kill(part.pid, signal.SIGTERM)
            give_up_at = time.monotonic() + STOP_WITHIN
            while any(part.exit_code() is None for part in running) and time.monotonic() < give_up_at:
                if self._asked > 1:
                    break
                self._show_logs(0.05)
            for part in running:
                if part.exit_code() is None:
                    with suppress(ProcessLookupError):  # it has no group yet
                        os.killpg(part.pid, signal.SIGKILL)
                    os.kill(part.pid, signal.SIGKILL)
                    os.waitpid(part.pid, 0)
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
                part.log = -1
                chunk = b"\n" if part.unfinished else b""
            *lines, part.unfinished = (part.unfinished + chunk).split(b"\n")
            for line in lines:
                if not any(known in line for known in HARMLESS):
                    self.log_line(line.decode(errors="replace").rstrip(), part.name)


def unbuffered(descriptor: int, encoding: str | None = None) -> io.TextIOWrapper:
    """A text stream without a buffer: a line that is not taken is gone, and not in the way of the next."""
    file = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(file, encoding, errors="backslashreplace", write_through=True)


def how(code: int) -> str:
    """How a process ended, from its return code."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"signal {-code}"


def main(state: str) -> int:
    """Goes on with what Supervisor.run_alone left; returns the exit code."""
    out, encoding, own, parts = json.loads(state)
    supervisor = Supervisor(unbuffered(out, encoding), own)
    for name, pid, log, last, unfinished in parts:
        supervisor.adopt(Part(name, pid, log, last, bytes.fromhex(unfinished)))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    return supervisor.run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[-1]))
