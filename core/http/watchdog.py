"""One thread that shuts sockets down when their time is over."""

import contextlib
import heapq
import itertools
import os
import socket
import threading
import time


class Guard:
    """Holds one connection to its end time.

    It owns a duplicate of the socket, so it works during a TLS handshake, and never touches a file
    descriptor that was closed and given away again.
    """

    __slots__ = ("_sock", "_watchdog", "ends")

    def __init__(self, sock: socket.socket, watchdog: "Watchdog") -> None:
        self._watchdog = watchdog
        self.ends = 0.0
        # Not sock.dup(), which a socket of TLS refuses.
        self._sock: socket.socket | None = socket.fromfd(sock.fileno(), sock.family, sock.type)

    @property
    def live(self) -> bool:
        """False once the connection was given up."""
        return self._sock is not None

    def shut_down(self) -> None:
        """Wake whoever reads or writes this connection. The caller holds the lock."""
        if self._sock is not None:
            with contextlib.suppress(OSError):  # the other side was faster
                self._sock.shutdown(socket.SHUT_RDWR)

    def until(self, ends: float) -> None:
        """Hold it to another end time (monotonic) from now on."""
        self._watchdog.schedule(self, ends)

    def release(self) -> None:
        """Forget the connection; the watchdog drops its entry when it comes to it."""
        with self._watchdog.lock:
            if self._sock is not None:
                self._sock.close()
                self._sock = None


class Watchdog:
    """One thread with a heap of (end time, connection)."""

    def __init__(self) -> None:
        self.lock = threading.Condition()
        self._heap: list[tuple[float, int, Guard]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None

    def guard(self, sock: socket.socket, ends: float) -> Guard:
        """Shut `sock` down at the monotonic time `ends`, unless the Guard is released before."""
        guard = Guard(sock, self)
        self.schedule(guard, ends)
        return guard

    def schedule(self, guard: Guard, ends: float) -> None:
        """Shut the guarded socket down at `ends`, in place of an earlier time."""
        with self.lock:
            guard.ends = ends
            heapq.heappush(self._heap, (ends, next(self._order), guard))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="probe-watchdog", daemon=True)
                self._thread.start()
            elif self._heap[0][2] is guard:
                self.lock.notify()

    def _run(self) -> None:
        with self.lock:
            while True:
                now = time.monotonic()
                while self._heap and (self._heap[0][0] <= now or not self._heap[0][2].live):
                    ends, _, guard = heapq.heappop(self._heap)
                    if ends == guard.ends:  # else it was given another time, for which there is another entry
                        guard.shut_down()
                self.lock.wait(self._heap[0][0] - time.monotonic() if self._heap else None)


_watchdog = Watchdog()


def guard(sock: socket.socket, ends: float) -> Guard:
    """Shut `sock` down at the monotonic time `ends`, unless the Guard is released before."""
    return _watchdog.guard(sock, ends)


def _after_fork() -> None:
    """The thread does not survive a fork, the lock and the heap do: start afresh in the child."""
    global _watchdog
    _watchdog = Watchdog()


os.register_at_fork(after_in_child=_after_fork)
