"""From a claim to the recorded reading, its incident and its alerts."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from core.models import PutOff
from fleet import endpoints
from fleet.engines.errors import Cause
from fleet.engines.reading import Exchange, Facts, Failure, Identity, Load, Model, Reading
from fleet.models import Alert, Change, Endpoint, EndpointState, Incident, Observation
from fleet.probing import claims, overdue
from fleet.probing.record import judged
from fleet.verdict.status import Status
from tests.fleet import recording as probing

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NOW = 1_800_000_000.0


@pytest.fixture
def gpu(team) -> Endpoint:
    return endpoints.add(team, name="gpu-1", url="http://10.0.0.5:8000", engine="vllm", expected_models=["qwen3"])


def good(at: float = NOW, **load) -> Reading:
    facts = Facts(version="0.33.0", models=(Model("qwen3", context_length=8192),))
    step = Exchange("health", "GET /health", 200, 0, total_ms=4.0)
    return Reading(at, Identity("vllm", "GET /version and vllm: metrics"), facts, Load(**load), (step,))


def refused(at: float = NOW) -> Reading:
    step = Exchange("connect", "GET /health", error="connection refused", total_ms=1.0)
    return Reading(at, exchanges=(step,), failure=Failure(Cause.CONNECTION_REFUSED, "connect", "port 8000"))


def record(endpoint: Endpoint, *readings: Reading) -> EndpointState:
    for reading in readings:
        probing.record(probing.state_of(endpoint.pk), reading, 12.0)
    return EndpointState.objects.get(pk=endpoint.pk)


def test_what_is_due_is_claimed_once_and_is_next_due_on_its_grid(gpu):
    now = time.time() + 1
    [claim] = claims.claim(now)
    assert (claim.endpoint_id, claims.claim(now)) == (gpu.pk, [])
    state = EndpointState.objects.get(pk=gpu.pk)
    assert now < state.due_at == claim.expires_at <= now + gpu.interval
    [later] = claims.claim(claim.expires_at)
    assert later.expires_at == claim.expires_at + gpu.interval


def test_a_row_that_another_dispatcher_took_first_is_not_claimed(gpu, monkeypatch):
    now = time.time() + 1

    def first(*_: object) -> Any:
        EndpointState.objects.filter(pk=gpu.pk).update(due_at=int(now) + 30)
        return nullcontext()

    monkeypatch.setattr(claims, "writing", first)
    assert claims.claim(now) == []
    assert EndpointState.objects.get(pk=gpu.pk).due_at == int(now) + 30


@pytest.mark.django_db(transaction=True)
def test_dispatchers_at_the_same_moment_share_the_endpoints_without_overlap(team):
    made = {endpoints.add(team, name=f"e{n}", url=f"http://10.0.0.{n}:8000").pk for n in range(20)}
    now = time.time() + 1

    def dispatch(_: int) -> list[int]:
        try:
            return [claim.endpoint_id for claim in claims.claim(now)]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        claimed = [pk for part in pool.map(dispatch, range(4)) for pk in part]
    assert sorted(claimed) == sorted(made)


def test_after_a_long_stop_the_overdue_are_caught_up_in_portions(team, monkeypatch):
    monkeypatch.setattr(claims, "MISSED_AT_ONCE", 3)
    for n in range(7):
        endpoints.add(team, name=f"e{n}", url=f"http://10.0.0.{n}:8000")
    EndpointState.objects.update(due_at=int(time.time()) - 1000)
    now = time.time()
    assert [len(claims.claim(now)) for _ in range(4)] == [3, 3, 1, 0]


def test_a_good_reading_is_stored_with_its_facts_load_and_trace(gpu):
    state = record(gpu, good(running=3, waiting=0, kv_cache_usage=0.25))
    assert (state.status, state.engine, state.facts["version"]) == ("up", "vllm", "0.33.0")
    assert state.load == {"running": 3, "waiting": 0, "kv_cache_usage": 0.25}
    assert state.seen_at == state.probed_at == datetime.fromtimestamp(NOW, UTC)
    observation = Observation.objects.get()
    assert (observation.running, observation.late_ms, observation.latency_ms) == (3, 12.0, 4.0)
    assert observation.exchanges[0]["request"] == "GET /health"


def test_a_probe_leaves_what_its_endpoint_is_sorted_by(gpu):
    state = record(gpu, good(running=3, waiting=1, slots=8), refused(NOW + 30), refused(NOW + 60), refused(NOW + 90))
    assert (state.models_loaded, state.callers, state.available) == ("qwen3", None, 0.25)
    state = record(gpu, good(NOW + 120, running=3, waiting=1, slots=8))
    assert (state.models_loaded, state.callers, state.load_share, state.available) == ("qwen3", 4, 0.5, 0.4)


def test_three_failures_open_an_incident_with_one_alert_per_address(gpu, settings):
    settings.EMAIL_CONFIGURED = True
    gpu.team.mail_to = ["a@example.org", "b@example.org", "a@example.org"]
    gpu.team.save()
    state = record(gpu, good(), refused(NOW + 30), refused(NOW + 33))
    assert state.status == Status.UP and not Incident.objects.exists()
    state = record(gpu, refused(NOW + 36), refused(NOW + 60))
    incident = Incident.objects.get()
    assert (state.status, incident.cause, incident.step) == ("down", "connection_refused", "connect")
    assert incident.began_at == state.since == datetime.fromtimestamp(NOW + 30, UTC)
    assert incident.last_seen["version"] == "0.33.0" and incident.last_seen["models"] == ["qwen3"]
    alerts = Alert.objects.order_by("recipient")
    assert [(a.recipient, a.kind) for a in alerts] == [("a@example.org", "down"), ("b@example.org", "down")]


def test_recovery_resolves_the_incident_and_alerts_those_who_were_alerted(gpu):
    record(gpu, good(), *[refused()] * 3)
    gpu.team.mail_to = ["someone-else@example.org"]
    gpu.team.save()
    state = record(gpu, good(), good())
    incident = Incident.objects.get()
    assert state.status == "up" and incident.resolved_at
    assert [(a.kind, a.recipient) for a in Alert.objects.order_by("pk")] == [
        ("down", "oncall@example.org"),
        ("recovered", "oncall@example.org"),
    ]
    assert [e.text.split()[0] for e in incident.events.order_by("pk")] == ["First", "Down", "Resolved:"]


def test_degraded_that_turns_down_is_one_incident_with_two_kinds_of_alert(gpu):
    record(gpu, *[Reading(NOW, facts=Facts(models=(Model("other"),)))] * 3)
    assert Incident.objects.get().status == "degraded"
    record(gpu, *[refused()] * 3, Reading(NOW, facts=Facts(models=(Model("other"),))), *[refused()] * 3)
    incident = Incident.objects.get()
    assert incident.status == "down"
    assert sorted(incident.alerts.values_list("kind", flat=True)) == ["degraded", "down"]


def test_an_incident_and_its_alerts_are_written_together_or_not_at_all(gpu, monkeypatch):
    record(gpu, good(), refused(), refused())
    monkeypatch.setattr("fleet.alerts.items.facts_of", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        record(gpu, refused())
    state = EndpointState.objects.get(pk=gpu.pk)
    assert (state.status, state.failures, Incident.objects.count(), Observation.objects.count()) == ("up", 2, 0, 3)


def test_changed_facts_are_logged_and_a_failed_probe_forgets_nothing(gpu):
    record(gpu, good(), refused())
    newer = Facts(version="0.34.0", models=(Model("qwen3", context_length=4096),))
    state = record(gpu, Reading(NOW, facts=newer))
    assert [(c.kind, c.before, c.after) for c in Change.objects.order_by("kind")] == [
        ("context", "8192", "4096"),
        ("version", "0.33.0", "0.34.0"),
    ]
    assert state.facts["version"] == "0.34.0"


def test_facts_that_stay_are_not_written_again(gpu):
    record(gpu, good())
    columns = []
    for reading in (good(NOW + 5), Reading(NOW + 10, facts=Facts(version="0.34.0"))):
        columns.append(judged(probing.state_of(gpu.pk), reading, 12.0).moved)
    assert ["facts" in moved for moved in columns] == [False, True]


def test_a_first_failure_brings_the_next_probe_forward(gpu):
    claims.claim(time.time() + 1)
    grid = int(time.time()) + 3000
    EndpointState.objects.update(due_at=grid)
    at = time.time()
    assert 2 < record(gpu, refused(at)).due_at - at < 5
    record(gpu, refused(at))
    EndpointState.objects.update(due_at=grid)
    assert record(gpu, refused(at)).due_at == grid


def test_a_first_good_answer_after_trouble_is_probed_again_soon(gpu):
    record(gpu, good(), *[refused()] * 3)
    EndpointState.objects.update(due_at=int(time.time()) + 3000)
    assert record(gpu, good(time.time())).due_at < time.time() + 5


def test_a_paused_endpoint_is_not_claimed_and_a_late_reading_of_it_is_dropped(gpu):
    record(gpu, good(), *[refused()] * 3)
    begun = probing.state_of(gpu.pk)
    endpoints.pause(gpu)
    assert claims.claim(time.time() + 10_000) == []
    assert probing.state_of(gpu.pk) is None
    assert not probing.record(begun, good(), 0.0)
    state = EndpointState.objects.get(pk=gpu.pk)
    assert (state.status, state.cause, state.due_at) == ("paused", "paused", None)
    assert Incident.objects.get().resolved_at
    assert list(Alert.objects.values_list("kind", flat=True)) == ["down"]
    endpoints.resume(gpu)
    assert len(claims.claim(time.time() + 1)) == 1
    assert record(gpu, good()).status == "up"


def test_a_reading_of_the_old_url_is_dropped(gpu):
    begun = probing.state_of(gpu.pk)
    endpoints.change(gpu, url="http://10.0.0.6:8000")
    assert not probing.record(begun, good(), 0.0)
    assert not Observation.objects.exists()


def test_of_two_probes_at_the_same_time_the_quicker_one_counts(gpu):
    slow, quick = probing.state_of(gpu.pk), probing.state_of(gpu.pk)
    assert probing.record(quick, good(NOW + 1), 0.0)
    assert not probing.record(slow, refused(NOW), 0.0)
    assert (Observation.objects.count(), EndpointState.objects.get(pk=gpu.pk).failures) == (1, 0)


def test_a_reading_of_an_endpoint_removed_meanwhile_is_dropped(gpu):
    begun = probing.state_of(gpu.pk)
    endpoints.remove(gpu)
    assert not probing.record(begun, good(), 0.0)


def test_the_row_is_redrawn_when_something_moved_and_else_now_and_then(gpu):
    record(gpu, good(running=1))
    assert not probing.record(probing.state_of(gpu.pk), good(running=1), 0.0)
    assert probing.record(probing.state_of(gpu.pk), good(running=2), 0.0)
    assert probing.record(probing.state_of(gpu.pk), refused(), 0.0)
    EndpointState.objects.update(shown_at=datetime.fromtimestamp(NOW - 1e8, UTC))
    assert probing.record(probing.state_of(gpu.pk), refused(), 0.0)


ODD = {
    "starting": [1, 2],  # a list where an object is
    "facts": {"models": "none"},
    "load": {"no_such_figure": 1},
    "strip": "x",
    "canary": [],
}


@pytest.mark.parametrize("column", ODD)
def test_a_row_that_makes_recording_raise_costs_its_endpoint_alone(team, gpu, column, monkeypatch, caplog):
    beside = endpoints.add(team, name="gpu-2", url="http://10.0.0.6:8000", engine="vllm", expected_models=["qwen3"])
    record(gpu, good())
    EndpointState.objects.filter(pk=gpu.pk).update(**{column: ODD[column]})
    monkeypatch.setattr("fleet.probing.run.probe", lambda *_, **__: good(time.time()))
    now = int(time.time())
    for _ in range(3):
        for endpoint in (gpu, beside):
            probing.run(endpoint.pk, now, now + 60)
    rows = EndpointState.objects.only("status", "cause", "due_at", "waiting_since").order_by("pk")
    bad, fine = rows.filter(pk__in=[gpu.pk, beside.pk])
    assert (bad.status, bad.cause, fine.status) == ("unknown", "not_recorded", "up")
    assert now + 10 <= bad.due_at <= now + 60 and not bad.waiting_since  # put off by more each time
    put_off = PutOff.objects.get()
    assert (put_off.name, put_off.team, put_off.attempts) == ("gpu-1", team, 3)
    assert caplog.text.count("Traceback") == 1
    assert overdue.trouble() == ""


def test_a_value_too_large_for_its_column_costs_its_endpoint_alone(gpu, monkeypatch):
    huge = good(time.time(), generation_tokens=10**30)
    monkeypatch.setattr("fleet.probing.run.probe", lambda *_, **__: huge)
    now = int(time.time())
    probing.run(gpu.pk, now, now + 60)
    assert EndpointState.objects.get(pk=gpu.pk).cause == "not_recorded"


def test_once_it_can_be_recorded_it_is_up_again_without_a_mail(gpu, monkeypatch):
    now = int(time.time())
    monkeypatch.setattr("fleet.probing.run.probe", lambda *_, **__: good(time.time(), generation_tokens=10**30))
    probing.run(gpu.pk, now, now + 60)
    monkeypatch.setattr("fleet.probing.run.probe", lambda *_, **__: good(time.time()))
    probing.run(gpu.pk, now, now + 60)
    assert EndpointState.objects.get(pk=gpu.pk).status == "up"
    assert not PutOff.objects.exists() and not Alert.objects.exists()


def test_known_trouble_stands_while_its_probes_cannot_be_recorded(gpu, monkeypatch):
    record(gpu, *[refused()] * 3)
    monkeypatch.setattr("fleet.probing.run.probe", lambda *_, **__: good(time.time(), generation_tokens=10**30))
    now = int(time.time())
    probing.run(gpu.pk, now, now + 60)
    state = EndpointState.objects.get(pk=gpu.pk)
    assert (state.status, bool(state.not_probed_since)) == ("down", True)
    assert Incident.objects.get().resolved_at is None and overdue.trouble() == ""


def test_how_long_a_probe_took_decides_its_lane(gpu):
    probing.record(probing.state_of(gpu.pk), good(), 0.0, 4.9)
    assert EndpointState.objects.get(pk=gpu.pk).probe_seconds == 4.9
    probing.record(probing.state_of(gpu.pk), good(), 0.0, 0.01)
    assert EndpointState.objects.get(pk=gpu.pk).probe_seconds == 3.4
