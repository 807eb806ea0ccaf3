"""The schedule, and the queue that each task goes to."""

import json
from datetime import UTC, datetime

import pytest
import time_machine

from config.celery import WholeSeconds, app
from core import redis_keys
from core.schedule import WORK, Scheduled, periods
from ops.up import workers


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("fleet.tasks.tick", "dispatch"),
        ("fleet.tasks.probe", "probe"),
        ("fleet.tasks.pulse_probe", "probe"),
        ("fleet.tasks.deliver", "delivery"),
        ("fleet.tasks.pulse_delivery", "delivery"),
        ("fleet.tasks.prune", "upkeep"),
        ("fleet.tasks.roll_up", "upkeep"),
        ("teams.tasks.clear_up", "upkeep"),
    ],
)
def test_every_kind_of_work_has_its_queue(valkey, task, queue):
    app.send_task(task, expires=5)
    assert valkey.llen(redis_keys.queue(queue)) == 1
    assert json.loads(valkey.lindex(redis_keys.queue(queue), 0))["headers"]["task"] == task


@pytest.mark.parametrize(("now", "due", "wait"), [(100.99, False, 0.01), (101.0, True, 1.0), (107.25, True, 0.75)])
def test_ticks_sit_on_whole_seconds_however_late_the_last_one_was(now, due, wait):
    last = datetime.fromtimestamp(100.4, UTC)
    with time_machine.travel(now, tick=False):
        state = WholeSeconds(1).is_due(last)
    assert state.is_due is due
    assert state.next == pytest.approx(wait)


def test_a_clock_that_was_set_back_does_not_stop_the_schedule():
    with time_machine.travel(100.4, tick=False):
        assert WholeSeconds(1).is_due(datetime.fromtimestamp(7300.4, UTC)).is_due


def test_everything_on_the_schedule_is_a_task_and_expires_before_it_piles_up():
    app.loader.import_default_modules()
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in app.tasks
        assert entry["options"]["expires"] <= entry["schedule"].run_every.total_seconds()


def test_all_that_is_on_the_schedule_runs_once_at_a_time_and_has_a_name_in_words():
    app.loader.import_default_modules()
    assert set(periods()) == set(WORK)
    assert all(isinstance(app.tasks[task], Scheduled) for task in WORK)


def test_the_dispatcher_always_gets_a_thread():
    command = workers()["worker-general"]
    assert int(command[command.index("-c") + 1]) > len(WORK)
