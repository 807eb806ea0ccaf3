"""The clock of the schedule: what comes due when, on its own threads, by one worker at a time."""

import threading

import pytest
from celery import Celery

from core import clock
from core.clock import Clock
from core.health import FULL_KEY
from core.timetable import Work, due

SCHEDULE = {"tick": Work("", 1), "mails": Work("", 5, offset=2), "nightly": Work("", 86_400)}


@pytest.mark.parametrize(
    ("after", "until", "found"),
    [
        (100.2, 100.9, []),
        (100.9, 101.0, ["tick"]),
        (101.9, 102.01, ["tick", "mails"]),
        (103.0, 106.5, ["tick"]),
        (86_399.5, 86_400.1, ["tick", "nightly"]),
        (100.0, 90_000.0, ["tick", "mails", "nightly"]),
        (7_300.4, 100.4, ["tick", "mails"]),
    ],
    ids=["none", "whole second", "offset", "late", "midnight", "stood still", "set back"],
)
def test_each_task_is_due_on_its_own_seconds_once_however_long_ago_the_last_time_was(after, until, found):
    assert due(SCHEDULE, after, until) == found


def _function(work):
    def run() -> None:
        work()

    return run


@pytest.fixture
def make():
    """Starts a clock with these functions as tasks that come each second."""
    made: list[Clock] = []

    def make(**works) -> Clock:
        app = Celery(set_as_current=False)
        for name, work in works.items():
            app.task(_function(work), name=name, shared=False)
        made.append(Clock(app, {name: Work("", 1) for name in works}))
        made[-1].start()
        return made[-1]

    yield make
    for each in made:
        each.stop()


def test_a_task_that_hangs_or_raises_holds_up_no_other(valkey, make):
    release, again = threading.Event(), threading.Semaphore(0)
    make(hangs=lambda: release.wait(20), raises=lambda: 1 / 0, works=again.release)
    assert again.acquire(timeout=10) and again.acquire(timeout=10)
    release.set()


def test_of_two_clocks_one_runs_and_the_other_takes_over(valkey, make, monkeypatch):
    monkeypatch.setattr(clock, "LEASE", 1.5)
    first, second, runs = threading.Semaphore(0), threading.Semaphore(0), []
    one = make(work=lambda: (runs.append("one"), first.release()))
    assert first.acquire(timeout=10)
    make(work=lambda: (runs.append("two"), second.release()))
    assert first.acquire(timeout=10) and first.acquire(timeout=10)
    assert set(runs) == {"one"}
    one.stop()
    assert second.acquire(timeout=10)


def test_what_was_due_while_the_broker_was_away_is_done_once_it_is_back(valkey, make, settings, wait_for, monkeypatch):
    answers, asked, runs = settings.REDIS_URL, [], threading.Semaphore(0)
    is_mine = Clock._is_mine
    monkeypatch.setattr(Clock, "_is_mine", lambda self: (asked.append(1), is_mine(self))[1])
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    make(work=runs.release)
    wait_for(lambda: len(asked) > 1)
    assert not runs.acquire(blocking=False)
    settings.REDIS_URL = answers
    assert runs.acquire(timeout=10)


def test_work_that_finds_the_disk_full_has_it_named(valkey, make, wait_for):
    def store() -> None:
        raise OSError("No space left on device")

    make(stores=store)
    wait_for(lambda: valkey.exists(FULL_KEY))
