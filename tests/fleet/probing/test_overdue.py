"""What was not probed in time is unknown, and that is trouble of the watch."""

import time
from datetime import UTC, datetime

import pytest

from config.celery import app
from core import health
from fleet import endpoints
from fleet.engines.errors import Cause
from fleet.engines.reading import Exchange, Facts, Failure, Identity, Load, Model, Reading
from fleet.models import Alert, Endpoint, EndpointState, Incident, Observation
from fleet.probing import claims, clock_gaps, dispatch, overdue, shares
from fleet.queries import metrics
from teams import tokens
from teams.models import Scope, Team
from tests.fleet import recording as probing

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.usefixtures("valkey")]


@pytest.fixture(autouse=True)
def _no_shares_of_other_tests(monkeypatch):
    monkeypatch.setattr(shares, "FRESH_FOR", 0.0)
    monkeypatch.setattr(overdue, "_last_said", "")


@pytest.fixture
def gpu(team) -> Endpoint:
    return endpoints.add(team, name="gpu-1", url="http://10.0.0.5:8000", engine="vllm", interval=10)


def good() -> Reading:
    facts = Facts(version="0.33.0", models=(Model("qwen3", context_length=8192),))
    step = Exchange("health", "GET /health", 200, 0, total_ms=4.0)
    return Reading(time.time(), Identity("vllm", "GET /version"), facts, Load(), (step,))


def refused() -> Reading:
    step = Exchange("connect", "GET /health", error="connection refused", total_ms=1.0)
    return Reading(time.time(), exchanges=(step,), failure=Failure(Cause.CONNECTION_REFUSED, "connect", "port 8000"))


def record(endpoint: Endpoint, *readings: Reading) -> EndpointState:
    for reading in readings:
        probing.record(probing.state_of(endpoint.pk), reading, 0.0)
    return state_of(endpoint)


def state_of(endpoint: Endpoint) -> EndpointState:
    return EndpointState.objects.get(pk=endpoint.pk)


def lost(endpoint: Endpoint, seconds: float) -> int:
    """Has a probe that was due so long ago been claimed and never recorded; returns when it was due."""
    due = int(time.time() - seconds)
    EndpointState.objects.filter(pk=endpoint.pk).update(due_at=due, waiting_since=None)
    [claim] = claims.claim(due + 1)
    assert claim.due_at == due
    claims.claim(time.time())
    return due


def report(valkey) -> dict[str, str]:
    for key in (health.BEAT_KEY, health.PROBE_KEY, health.DELIVERY_KEY):
        valkey.set(key, time.time())
    return health.report()


def test_an_endpoint_not_probed_for_three_intervals_is_unknown_and_never_up(gpu, valkey):
    assert record(gpu, good()).status == "up"
    due = lost(gpu, 31)
    assert overdue.sweep(time.time()) == 1
    state = state_of(gpu)
    assert (state.status, state.cause, state.not_probed_since) == ("unknown", Cause.NOT_PROBED, due)
    assert state.detail == f"since {datetime.fromtimestamp(due, UTC):%H:%M} UTC"
    assert report(valkey)["watch"] == f"1 endpoint has not been probed in time, the oldest {state.detail}."
    assert overdue.sweep(time.time()) == 0  # once is enough


def test_an_endpoint_is_given_its_three_intervals(gpu, valkey):
    record(gpu, good())
    lost(gpu, 28)
    assert overdue.sweep(time.time()) == 0
    assert state_of(gpu).status == "up" and report(valkey)["watch"] == "ok"


def test_what_the_dispatcher_does_not_even_send_is_overdue_as_well(gpu):
    record(gpu, good())
    EndpointState.objects.update(due_at=int(time.time()) - 31)
    assert overdue.sweep(time.time()) == 1


def test_the_first_good_probe_brings_it_back_without_a_mail_and_without_downtime(gpu, valkey):
    record(gpu, good())
    lost(gpu, 60)
    overdue.sweep(time.time())
    state = record(gpu, good())
    assert (state.status, state.waiting_since, state.not_probed_since) == ("up", None, None)
    assert not Alert.objects.exists() and not Incident.objects.exists()
    assert set(Observation.objects.values_list("status", flat=True)) == {"up"}
    assert not state.flaps(datetime.now(UTC))
    overdue.sweep(time.time())
    assert report(valkey)["watch"] == "ok"


def test_trouble_that_is_known_stands_with_its_incident_and_says_since_when(client, alice, gpu):
    record(gpu, *[refused()] * 3)
    lost(gpu, 60)
    assert overdue.sweep(time.time()) == 1
    assert state_of(gpu).status == "down" and Incident.objects.filter(resolved_at=None).count() == 1
    client.force_login(alice)
    for address in ("/", gpu.get_absolute_url()):
        assert "not probed since" in client.get(address).content.decode()


def test_a_paused_endpoint_is_not_overdue_and_a_resumed_one_begins_afresh(gpu):
    record(gpu, good())
    lost(gpu, 300)
    endpoints.pause(gpu)
    assert overdue.sweep(time.time()) == 0 and overdue.trouble() == ""
    endpoints.resume(gpu)
    assert overdue.sweep(time.time()) == 0


def test_after_a_stop_nothing_is_up_until_it_was_probed(gpu):
    record(gpu, good())
    EndpointState.objects.update(due_at=int(time.time()) - 3600)
    app.loader.import_default_modules()
    dispatch.tick()
    assert state_of(gpu).status == "unknown"
    assert record(gpu, good()).status == "up"


def test_a_failing_probe_after_it_counts_as_ever(gpu):
    record(gpu, good())
    lost(gpu, 60)
    overdue.sweep(time.time())
    assert record(gpu, refused(), refused()).status == "unknown"
    assert record(gpu, refused()).status == "down"
    assert Incident.objects.count() == 1


def test_a_team_whose_endpoints_need_more_than_its_share_is_no_trouble_of_the_watch(gpu, valkey, settings):
    settings.PROBE_THREADS = 8
    hog = Team.objects.create(name="Hog", slug="hog")
    for n in range(40):
        endpoints.add(hog, name=f"h{n}", url=f"http://10.1.0.{n}:8000", interval=5, timeout=4.9)
    EndpointState.objects.filter(endpoint__team=hog).update(probe_seconds=4.9, status="down", cause="timed_out")
    record(gpu, good())
    now = int(time.time())
    EndpointState.objects.filter(endpoint__team=hog).update(waiting_since=now - 100)
    assert overdue.sweep(now) == 0 and report(valkey)["watch"] == "ok"
    lost(gpu, 31)
    assert overdue.sweep(time.time()) == 1


def test_the_metric_measures_the_age_of_the_oldest_due_probe(gpu, alice):
    record(gpu, good())
    lost(gpu, 42)
    token, _ = tokens.make("prometheus", [Scope.METRICS], 30, alice)
    assert 41 < metrics.stored(tokens.Bearer(token, alice, None)).overdue < 120


def test_a_clock_set_forward_makes_nothing_overdue(gpu, monkeypatch):
    record(gpu, good())
    now = time.time()
    EndpointState.objects.update(due_at=int(now) + 5, waiting_since=int(now) - 1)
    clock_gaps._wait_afresh(now + 7200, 7200)
    state = state_of(gpu)
    assert state.waiting_since is None and now + 7200 < state.due_at <= now + 7210
    assert overdue.sweep(now + 7200) == 0


def test_a_clock_set_back_leaves_no_probe_waiting_in_the_future(gpu):
    EndpointState.objects.update(waiting_since=int(time.time()) + 7200)
    clock_gaps.pull_back(time.time())
    assert state_of(gpu).waiting_since is None


def test_while_the_dispatcher_stands_still_the_probe_worker_sees_it(gpu):
    record(gpu, good())
    EndpointState.objects.update(due_at=int(time.time()) - 31)
    dispatch.pulse_probe()
    assert state_of(gpu).cause == Cause.NOT_PROBED
