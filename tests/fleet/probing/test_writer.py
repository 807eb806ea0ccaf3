"""Many probes in one transaction: few statements, each row fails alone, nothing is written twice."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError

from fleet import endpoints
from fleet.engines.errors import Cause
from fleet.engines.reading import Exchange, Facts, Failure, Model, Reading
from fleet.models import Alert, Endpoint, EndpointState, Incident, Observation
from fleet.muting import actions as muting
from fleet.muting import marks
from fleet.probing import record, states, writer

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def fleet(team) -> list[Endpoint]:
    return [endpoints.add(team, name=f"gpu-{n}", url=f"http://10.0.0.{n}:8000", fail_after=1) for n in range(1, 9)]


def good() -> Reading:
    return Reading(time.time(), facts=Facts(models=(Model("qwen3"),)), exchanges=(Exchange("health", "GET /"),))


def refused() -> Reading:
    return Reading(time.time(), failure=Failure(Cause.CONNECTION_REFUSED, "connect", "port 8000"))


def judged(fleet: list[Endpoint], reading=good) -> list[record.Judged]:
    rows = states.read(endpoint.pk for endpoint in fleet)
    return [record.judged(rows[endpoint.pk], reading(), 3.0) for endpoint in fleet]


def test_a_batch_takes_as_many_statements_as_one_probe(fleet, django_assert_num_queries):
    writer.write(judged(fleet))
    for some in (fleet[:1], fleet):
        batch = judged(some)
        with django_assert_num_queries(6):  # savepoint, select, update, two inserts, release
            writer.write(batch)
    assert Observation.objects.count() == 8 + 1 + 8


def test_what_moves_in_one_row_only_is_written_beside_the_others(fleet):
    batch = judged(fleet[:-1]) + judged(fleet[-1:], refused)
    writer.write(batch)
    rows = dict(EndpointState.objects.values_list("endpoint__name", "status"))
    assert rows == {endpoint.name: "up" for endpoint in fleet[:-1]} | {fleet[-1].name: "down"}
    assert Incident.objects.get().endpoint == fleet[-1]


def test_of_two_probes_of_one_endpoint_in_a_batch_one_is_stored(fleet):
    writer.write(judged(fleet[:1]) + judged(fleet[:1], refused))
    assert (Observation.objects.get().status, Incident.objects.count()) == ("up", 0)


def test_a_probe_under_way_survives_a_silence_and_notifies_nobody(fleet, team, alice):
    writer.write(judged(fleet))
    batch = judged(fleet, refused)
    muting.silence(team, alice, ends_at=datetime.now(UTC) + timedelta(hours=1))
    marks.refresh()
    writer.write(batch)
    assert Observation.objects.filter(status="down").count() == Incident.objects.count() == 8
    assert not Alert.objects.exists()


def test_a_probe_under_way_is_dropped_when_its_endpoint_is_changed(fleet):
    batch = judged(fleet)
    endpoints.change(fleet[0], url="http://10.0.0.99:8000")
    writer.write(batch)
    assert set(Observation.objects.values_list("endpoint", flat=True)) == {each.pk for each in fleet[1:]}


def test_a_row_that_cannot_be_written_costs_its_endpoint_alone(fleet, monkeypatch):
    batch = judged(fleet)
    batch[3].observation["generation_tokens"] = 10**30
    writer.write(batch)
    rows = dict(EndpointState.objects.values_list("endpoint__name", "cause"))
    assert rows.pop("gpu-4") == "not_recorded"
    assert set(rows.values()) == {""}
    assert Observation.objects.count() == 7


def test_an_incident_that_cannot_be_opened_leaves_no_trace_of_its_probe(fleet, monkeypatch):
    follow = record.lifecycle.follow

    def broken(state, *rest):
        return 1 / 0 if state.pk == fleet[0].pk else follow(state, *rest)

    monkeypatch.setattr(record.lifecycle, "follow", broken)
    writer.write(judged(fleet, refused))
    assert sorted(Incident.objects.values_list("endpoint__name", flat=True)) == [e.name for e in fleet[1:]]
    assert not Observation.objects.filter(endpoint=fleet[0]).exists()


def test_a_database_that_is_away_for_a_moment_loses_no_probe(fleet, monkeypatch):
    write, calls = record.write, []

    def once_away(batch):
        calls.append(len(batch))
        if len(calls) == 1:
            raise OperationalError("deadlock detected")
        return write(batch)

    monkeypatch.setattr(record, "write", once_away)
    writer.write(judged(fleet))
    assert calls == [8] + [1] * 8 and Observation.objects.count() == 8


def test_what_was_stored_is_shown_although_the_database_went_away_in_the_middle(fleet, monkeypatch):
    write, calls, shown = record.write, [], []

    def away_after_two(batch):
        calls.append(len(batch))
        if len(calls) in (1, 4):
            raise OperationalError("database is locked")
        return write(batch)

    monkeypatch.setattr(record, "write", away_after_two)
    monkeypatch.setattr(writer.live, "publish", shown.extend)
    with pytest.raises(OperationalError):
        writer.write(judged(fleet, refused))
    assert shown == [endpoint.pk for endpoint in fleet[:2]]


def test_the_dispatcher_is_called_when_an_endpoint_begins_to_fail_and_not_again(fleet, monkeypatch):
    called = []
    monkeypatch.setattr(writer.dispatch, "call", lambda: called.append(True))
    writer.write(judged(fleet))
    assert not called
    writer.write(judged(fleet[:3], refused))
    assert len(called) == 1, "once for all of the batch"
    writer.write(judged(fleet[:3], refused))
    assert len(called) == 1


def test_a_database_that_stays_away_is_asked_twice_not_once_a_probe(fleet, monkeypatch):
    calls = []

    def away(batch):
        calls.append(len(batch))
        raise OperationalError("database is locked")

    monkeypatch.setattr(record, "write", away)
    with pytest.raises(OperationalError):
        writer.write(judged(fleet))
    assert calls == [8, 1]


@pytest.mark.django_db(transaction=True)
def test_what_arrives_together_is_written_together_and_a_stop_waits_for_it(fleet, monkeypatch):
    sizes, write = [], record.write
    monkeypatch.setattr(writer, "LINGER", 5)
    monkeypatch.setattr(record, "write", lambda batch: sizes.append(len(batch)) or write(batch))
    made = writer.Writer()
    for each in judged(fleet):
        made.put(each)
    assert made.close(20)
    assert (sizes, Observation.objects.count()) == ([8], 8)


@pytest.mark.django_db(transaction=True)
def test_the_writer_goes_on_after_a_batch_that_was_lost(fleet, monkeypatch, caplog):
    write, lost = record.write, threading.Event()

    def away(batch):
        if not lost.is_set():
            if len(batch) == 1:
                lost.set()
            raise OperationalError("the database is away")
        return write(batch)

    monkeypatch.setattr(record, "write", away)
    monkeypatch.setattr(writer, "BATCH", 3)
    made = writer.Writer()
    for each in judged(fleet[:3]):
        made.put(each)
    assert lost.wait(20)
    made.put(judged(fleet[4:5])[0])
    assert made.close(20)
    assert "3 probes could not be written" in caplog.text
    assert list(Observation.objects.values_list("endpoint__name", flat=True)) == ["gpu-5"]


def test_the_columns_of_other_writers_are_left_alone(fleet):
    batch = judged(fleet[:1])
    EndpointState.objects.filter(pk=fleet[0].pk).update(marks={"silence": 1}, due_at=12345, stretch=4)
    writer.write(batch)
    row = EndpointState.objects.get(pk=fleet[0].pk)
    assert (row.marks, row.due_at, row.stretch, row.status) == ({"silence": 1}, 12345, 4, "up")
