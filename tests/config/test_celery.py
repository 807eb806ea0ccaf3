"""The schedule, and the queue that each task goes to."""

import json

import pytest

from config.celery import app, start_clock
from core import redis_keys
from core.clock import Clock
from core.schedule import Scheduled


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("fleet.tasks.tick", "dispatch"),
        ("fleet.tasks.probe_beside", "dispatch"),
        ("fleet.tasks.probe", "probe"),
        ("fleet.tasks.pulse_probe", "probe"),
        ("fleet.tasks.deliver", "delivery"),
        ("fleet.tasks.pulse_delivery", "delivery"),
        ("fleet.tasks.prune", "upkeep"),
        ("fleet.tasks.roll_up", "upkeep"),
        ("fleet.tasks.judge_load", "upkeep"),
        ("fleet.tasks.keep_load", "upkeep"),
        ("teams.tasks.clear_up", "upkeep"),
    ],
)
def test_every_kind_of_work_has_its_queue(valkey, task, queue):
    app.send_task(task, expires=5)
    assert valkey.llen(redis_keys.queue(queue)) == 1
    assert json.loads(valkey.lindex(redis_keys.queue(queue), 0))["headers"]["task"] == task


def test_all_that_is_on_the_schedule_is_a_task_that_runs_once_at_a_time():
    app.loader.import_default_modules()
    assert all(isinstance(app.tasks[task], Scheduled) for task in app.conf.schedule)


@pytest.mark.parametrize(("queues", "starts"), [(["dispatch", "delivery"], True), (["probe"], False)])
def test_the_worker_that_takes_the_dispatch_queue_keeps_the_clock(monkeypatch, queues, starts):
    began = []
    monkeypatch.setattr(Clock, "start", lambda clock: began.append(clock))
    monkeypatch.setattr(app.amqp.queues, "_consume_from", {name: app.amqp.queues[name] for name in queues})
    start_clock()
    assert bool(began) is starts
