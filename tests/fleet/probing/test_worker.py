"""From a task's message to a recorded probe, on the threads of the probe worker."""

import base64
import json
import threading
import time

import pytest
from django.db import connection

from config.celery import app
from core import redis_keys
from fleet import endpoints
from fleet.alerts import storms
from fleet.models import EndpointState, Observation
from fleet.probing import capacity, dispatch, lanes, record, states, worker, writer
from teams.models import Team
from tests.fake_engine import FakeEngine, many
from tests.fleet.outages import bad, watched

QUEUE = redis_keys.queue("probe")

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def pool(monkeypatch):
    made = lanes.Pool(4)
    monkeypatch.setattr(worker, "pool", made)
    yield made
    assert made.close(10)


def test_what_is_due_goes_in_few_messages_and_is_probed(team, valkey, pool, wait_for, monkeypatch):
    monkeypatch.setattr(dispatch, "BATCH", 4)
    app.loader.import_default_modules()
    engines = many(6)
    try:
        for n in range(6):
            endpoints.add(team, name=f"e{n}", url=f"http://127.0.0.1:{engines.port}/e/{n}", interval=3600)
        dispatch.tick()
        assert valkey.llen(QUEUE) == 2
        while message := valkey.rpop(QUEUE):
            arguments, _, _ = json.loads(base64.b64decode(json.loads(message)["body"]))
            app.tasks["fleet.tasks.probe"](*arguments)
        wait_for(lambda: Observation.objects.count() == 6)
    finally:
        engines.close()
    assert not EndpointState.objects.exclude(waiting_since=None).exists()


def test_every_worker_gets_some_of_what_is_due_and_each_message_some_of_every_team(team, valkey):
    app.loader.import_default_modules()
    other = Team.objects.create(name="Other", slug="other")
    for owner in (team, other):
        for n in range(2):
            endpoints.add(owner, name=f"e{n}", url=f"http://10.0.0.{n}:8000")
    for name in ("first", "second"):
        capacity.announce(name, time.time())
    dispatch._workers.cache_clear()
    dispatch.tick()
    dispatch._workers.cache_clear()
    sent = [json.loads(base64.b64decode(json.loads(message)["body"])) for message in valkey.lrange(QUEUE, 0, -1)]
    assert [{claim[1] for claim in batch} for [batch], _, _ in sent] == [{team.pk, other.pk}] * 2


def test_what_shows_a_storm_is_sent_as_soon_as_an_endpoint_fails(team, valkey):
    app.loader.import_default_modules()
    fleet = [watched(team, f"gpu-{n}", interval=3600) for n in range(5)]
    EndpointState.objects.update(due_at=int(time.time()) + 60)
    writer.write([record.judged(states.read([fleet[0].pk])[fleet[0].pk], bad(), 0.0)])
    EndpointState.objects.filter(pk=fleet[0].pk).update(due_at=int(time.time()) + 60)
    [call] = valkey.lrange(redis_keys.queue("dispatch"), 0, -1)
    called = time.time()
    app.tasks[json.loads(call)["headers"]["task"]]()
    [message] = valkey.lrange(QUEUE, 0, -1)
    [batch], _, _ = json.loads(base64.b64decode(json.loads(message)["body"]))
    assert len(batch) == storms.WITNESSES and fleet[0].pk not in [claim[0] for claim in batch]
    assert all(claim[3] >= called for claim in batch), "they became due with the call"


def test_what_is_due_in_the_next_second_is_sent_before_and_probed_in_it(team, valkey, pool, wait_for):
    app.loader.import_default_modules()
    with FakeEngine("ollama") as engine:
        gpu = endpoints.add(team, name="gpu-1", url=engine.url)
        due = int(time.time() + dispatch.AHEAD)
        EndpointState.objects.filter(pk=gpu.pk).update(due_at=due)
        dispatch.tick()
        [message] = valkey.lrange(QUEUE, 0, -1)
        arguments, _, _ = json.loads(base64.b64decode(json.loads(message)["body"]))
        app.tasks["fleet.tasks.probe"](*arguments)
        wait_for(Observation.objects.exists)
    assert Observation.objects.get().at.timestamp() >= due


def test_a_worker_whose_clock_is_slow_waits_no_longer_than_claims_are_ahead(team, pool, wait_for):
    gpu = endpoints.add(team, name="gpu-1", url="http://127.0.0.1:9")
    due = int(time.time()) + 3600
    worker.submit([worker.Claim(gpu.pk, team.pk, False, due, due + 3600)])
    wait_for(Observation.objects.exists)


def test_a_row_is_read_again_when_its_probe_before_was_under_way(team, pool, wait_for, monkeypatch):
    gpu = endpoints.add(team, name="gpu-1", url="http://10.0.0.5:8000")
    now, begun_from = int(time.time()), []
    monkeypatch.setattr(worker, "run", lambda claim, state: begun_from.append(state))
    for waiting_since in (now, now - 5, None):
        EndpointState.objects.filter(pk=gpu.pk).update(waiting_since=waiting_since)
        worker.submit([worker.Claim(gpu.pk, team.pk, False, now, now + 60)])
        wait_for(lambda: not pool._busy)
    assert [bool(state) for state in begun_from] == [True, False, True]


def test_a_claim_past_its_time_is_not_probed(team, pool):
    gpu = endpoints.add(team, name="gpu-1", url="http://10.0.0.5:8000")
    past = int(time.time()) - 10
    worker.submit([worker.Claim(gpu.pk, team.pk, False, past - 5, past)])
    assert pool.close(10)
    assert not Observation.objects.exists()


def test_no_database_connection_is_held_while_a_probe_waits(team, pool, monkeypatch, wait_for):
    seen = []
    monkeypatch.setattr("fleet.probing.run.probe", lambda *_, **__: seen.append(connection.connection) or 1 / 0)
    gpu = endpoints.add(team, name="gpu-1", url="http://10.0.0.5:8000")
    now = int(time.time())
    worker.submit([worker.Claim(gpu.pk, team.pk, False, now, now + 60)])
    wait_for(lambda: seen)
    assert seen == [None]


def test_a_worker_counts_for_the_shares_from_its_start_to_its_stop(valkey, monkeypatch, wait_for):
    monkeypatch.setattr(worker, "_stopped", stopped := threading.Event())
    watch = threading.Thread(target=worker._watch)
    watch.start()
    try:
        wait_for(lambda: valkey.zcard(capacity.KEY) == 1)
    finally:
        stopped.set()
        watch.join(10)
    assert not valkey.exists(capacity.KEY)


def test_a_worker_gives_back_what_it_freed_now_and_then(valkey, monkeypatch):
    monkeypatch.setattr(worker, "_stopped", stopped := threading.Event())
    monkeypatch.setattr(worker, "OVERDUE_EVERY", 0.01)
    monkeypatch.setattr(worker, "TRIM_EVERY", 0.01)
    trimmed: list[float] = []

    def trim():
        trimmed.append(time.monotonic())
        if len(trimmed) == 2:
            stopped.set()

    monkeypatch.setattr(worker.memory, "trim", trim)
    watch = threading.Thread(target=worker._watch)
    watch.start()
    try:
        assert stopped.wait(10)
    finally:
        stopped.set()
        watch.join(10)
