"""Scheduled work runs once at a time, and is seen when it does not get done."""

import threading

import pytest
from celery import Celery

from core import schedule
from core.schedule import Late, Scheduled

PERIODS = {"mails": 2.0, "roll-up": 60.0}


def task(name: str, work):
    def run() -> object:
        return work()

    return Celery(set_as_current=False).task(run, name=name, base=Scheduled, shared=False)


def stored(valkey) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in valkey.hgetall(schedule.KEY).items()}


def test_a_run_that_would_overlap_is_skipped_and_counted(valkey):
    runs, began, release = [], threading.Event(), threading.Event()

    def work() -> None:
        runs.append(1)
        began.set()
        release.wait(10)

    mails = task("mails", work)
    thread = threading.Thread(target=mails)
    thread.start()
    assert began.wait(10)
    mails()
    assert schedule.skipped(stored(valkey)) == {"mails": 1} and len(runs) == 1
    release.set()
    thread.join(10)
    mails()
    assert len(runs) == 2


def test_one_task_that_hangs_holds_up_no_other(valkey):
    began, release, done = threading.Event(), threading.Event(), threading.Event()
    thread = threading.Thread(target=task("hangs", lambda: (began.set(), release.wait(10))))
    thread.start()
    assert began.wait(10)
    task("works", done.set)()
    assert done.is_set()
    release.set()
    thread.join(10)


def test_work_that_raises_each_time_never_finishes_and_may_run_again(valkey):
    fails = task("fails", lambda: 1 / 0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            fails()
    known = stored(valkey)
    assert "fails|finished" not in known and not schedule.skipped(known)


def test_without_a_broker_the_work_is_done_all_the_same(settings, caplog):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert task("mails", lambda: "done")() == "done"
    assert "could not be recorded" in caplog.text


def test_work_is_late_after_three_periods_and_a_minute():
    known = {"since": "1000", "mails|finished": "2000", "mails|runs": "1999", "roll-up|finished": "2000"}
    assert schedule.late(known, PERIODS, 2000 + 66) == []
    assert schedule.late(known, PERIODS, 2000 + 67) == [Late("mails", 2000, runs=False)]
    assert [each.task for each in schedule.late(known, PERIODS, 2000 + 241)] == ["mails", "roll-up"]


def test_work_that_still_runs_is_late_as_well():
    known = {"since": "1000", "mails|finished": "2000", "mails|runs": "2098", "roll-up|finished": "2100"}
    assert schedule.late(known, PERIODS, 2100) == [Late("mails", 2000, runs=True)]


def test_what_never_finished_is_late_by_the_start_of_all_work():
    assert schedule.late({}, PERIODS, 5000) == []  # nothing ran yet: the dispatcher's sign of life speaks of that
    assert schedule.late({"since": "1000"}, PERIODS, 1066) == []
    assert schedule.late({"since": "1000"}, PERIODS, 1070) == [Late("mails", 1000, runs=False)]
    assert schedule.ages({"since": "1000"}, PERIODS, 1030) == {"mails": 30, "roll-up": 30}


def test_work_that_comes_each_second_leaves_word_every_few_seconds(valkey, monkeypatch):
    tick = task("tick", lambda: None)
    tick()
    valkey.delete(schedule.KEY)
    tick()
    assert not valkey.exists(schedule.KEY)
    monkeypatch.setattr(schedule, "NOTED_EVERY", 0.0)
    tick()
    assert "tick|finished" in stored(valkey)
