"""The threads that probes run on, shared fairly among teams. No Django, no I/O of its own.

There are two lanes of `slots` each: a fast one, and a slow one for endpoints that answer late or not at all. Within a
lane teams take turns, and a team may start another probe only while it runs fewer than there are free slots. So a team
that has none running always finds a slot free soon, whatever another team's endpoints do.

A probe of the fast lane that lasts over SLOW_AFTER counts in the slow lane from then on, if its team may have a slot
there: its thread goes on waiting, and another may start in its place. There are 2 * `slots` threads at most.

The interpreter does one thing at a time, so of many probes begun at once each would count the others' turns as its own
endpoint's latency. In the fast lane the next one begins when one ends, or after BREATH. Slow ones let those go first
that wait for nothing else, for REVIEW_EVERY at most.
"""

import logging
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from queue import Empty, SimpleQueue

from ..verdict.schedule import SLOW_AFTER

REVIEW_EVERY = 0.25
"""Seconds between two checks for probes that became slow, and for waiting ones that are past their time."""

BREATH = 0.003
"""Seconds for which a probe of the fast lane has the interpreter to itself, unless it ends before. While none ends,
which is then due to the endpoints and not to us, two may begin after as long, then four, and so on; and one again
once none waits."""

IDLE = 60.0
"""Seconds without a job after which a thread ends. The one that was idle last gets the next job, so the others rest."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One probe to be run."""

    key: int  # the endpoint; one job of each waits at most
    team: int
    slow: bool  # whether the endpoint was slow the last time
    expires_at: float  # unix seconds; worth nothing when it has not begun by then
    work: Callable[[], object]


class Lane:
    """Who waits for the slots of one lane, and how many of them each team has. Not safe among threads by itself."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.running: Counter[int] = Counter()  # team -> its probes under way
        self.waiting: OrderedDict[int, deque[Job]] = OrderedDict()  # the team whose turn it is comes first

    def may_start(self, team: int) -> bool:
        """Whether this team runs fewer probes than there are free slots."""
        return self.running[team] < self.slots - self.running.total()

    def count(self, team: int, change: int) -> None:
        """Notes that the team runs so many more probes, or fewer."""
        self.running[team] += change
        if not self.running[team]:
            del self.running[team]

    def wait(self, job: Job) -> None:
        """Puts a job at the end of its team's line."""
        self.waiting.setdefault(job.team, deque()).append(job)

    def next(self) -> Job | None:
        """Takes the job that may start now off its line; None when no team with waiting jobs may have a slot."""
        team = next((team for team in self.waiting if self.may_start(team)), None)
        if team is None:
            return None
        jobs = self.waiting[team]
        job = jobs.popleft()
        self.waiting.move_to_end(team)
        if not jobs:
            del self.waiting[team]
        return job

    def expired(self, now: float) -> list[Job]:
        """Takes all jobs off their lines whose time is over at `now` (unix seconds)."""
        found = []
        for team, jobs in list(self.waiting.items()):
            found += [job for job in jobs if job.expires_at <= now]
            if kept := deque(job for job in jobs if job.expires_at > now):
                self.waiting[team] = kept
            else:
                del self.waiting[team]
        return found


class Pool:
    """Runs jobs on threads of its own, which start when they are needed and end when they are not."""

    def __init__(self, slots: int) -> None:
        self._fast, self._slow = Lane(slots), Lane(slots)
        self._lock = threading.Lock()
        self._quick: OrderedDict[int, tuple[float, Job]] = OrderedDict()  # id -> (its start, job): not slow so far
        self._pending: set[int] = set()  # keys of the jobs that wait
        self._idle: list[SimpleQueue[Job]] = []
        self._busy = 0
        self._closed = threading.Event()
        self._nothing_runs = threading.Condition(self._lock)
        self._at_once, self._one_ended = 1, False
        self._held_back = threading.Event()
        self._reviewer: threading.Thread | None = None

    def submit(self, job: Job) -> bool:
        """Runs the job as soon as its team may have a slot. False when one with the same key waits already."""
        with self._lock:
            if job.key in self._pending or self._closed.is_set():
                return False
            self._pending.add(job.key)
            (self._slow if job.slow else self._fast).wait(job)
            self._start_what_may()
            if self._reviewer is None:
                self._reviewer = threading.Thread(target=self._review, name="probe-lanes", daemon=True)
                self._reviewer.start()
                threading.Thread(target=self._pace, name="probe-pace", daemon=True).start()
        return True

    def close(self, within: float) -> bool:
        """Starts nothing any more and waits up to `within` seconds for what runs; whether all of it ended."""
        self._closed.set()
        self._held_back.set()
        with self._lock:
            return self._nothing_runs.wait_for(lambda: not self._busy, within)

    def _start_what_may(self, slow_at_once: bool = False) -> None:
        now = time.time()
        for lane in (self._fast, self._slow):
            while not self._closed.is_set():
                if self._fast.waiting and self._crowded() and not (lane is self._slow and slow_at_once):
                    self._held_back.set()
                    break
                if (job := lane.next()) is None:
                    if lane is self._fast:
                        self._at_once = 1
                    break
                self._pending.discard(job.key)
                if job.expires_at <= now:
                    continue
                lane.count(job.team, 1)
                self._busy += 1
                if lane is self._fast:
                    self._quick[id(job)] = (time.monotonic(), job)
                if self._idle:
                    self._idle.pop().put(job)
                else:
                    threading.Thread(target=self._work, args=(job,), name="probe", daemon=True).start()

    def _crowded(self) -> bool:
        latest = [began for began, _ in islice(reversed(self._quick.values()), self._at_once)]
        return len(latest) == self._at_once and latest[-1] > time.monotonic() - BREATH

    def _pace(self) -> None:
        while self._held_back.wait() and not self._closed.wait(BREATH):
            with self._lock:
                self._held_back.clear()
                if not self._one_ended:
                    self._at_once = min(2 * self._at_once, self._fast.slots)
                self._one_ended = False
                self._start_what_may()

    def _work(self, job: Job) -> None:
        orders: SimpleQueue[Job] = SimpleQueue()
        while True:
            try:
                job.work()
            except Exception:
                log.exception("A probe could not be run.")
            with self._lock:
                self._end(job)
                self._idle.append(orders)
                self._start_what_may()
            try:
                job = orders.get(timeout=IDLE)
            except Empty:
                with self._lock:
                    if orders in self._idle:
                        self._idle.remove(orders)
                        return
                job = orders.get()  # which came in the meantime

    def _end(self, job: Job) -> None:
        lane = self._fast if self._quick.pop(id(job), None) else self._slow
        lane.count(job.team, -1)
        self._busy -= 1
        self._one_ended = True
        if not self._busy:
            self._nothing_runs.notify_all()

    def _review(self) -> None:
        while not self._closed.wait(REVIEW_EVERY):
            with self._lock:
                self._count_slow_ones(time.monotonic() - SLOW_AFTER)
                for lane in (self._fast, self._slow):
                    self._pending.difference_update(job.key for job in lane.expired(time.time()))
                self._start_what_may(slow_at_once=True)

    def _count_slow_ones(self, began_before: float) -> None:
        for number, (began, job) in list(self._quick.items()):
            if began > began_before:
                return
            if self._slow.may_start(job.team):
                del self._quick[number]
                self._fast.count(job.team, -1)
                self._slow.count(job.team, 1)
