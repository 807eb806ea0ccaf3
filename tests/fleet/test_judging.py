"""What readings become in the light of the state row: starts, blindness, a frozen worker, certificates."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from fleet import endpoints, probing
from fleet.engines.errors import Cause
from fleet.engines.reading import Exchange, Facts, Failure, Identity, Load, Reading
from fleet.models import BlindStretch, Endpoint, EndpointState, Incident, Observation

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NOW = 1_800_000_000.0


@pytest.fixture
def gpu(team) -> Endpoint:
    return endpoints.add(team, name="gpu-1", url="http://10.0.0.5:8000", engine="vllm")


def good(at: float = NOW, **load) -> Reading:
    step = Exchange("health", "GET /health", 200, 0, total_ms=4.0)
    return Reading(at, Identity("vllm", "GET /version"), Facts(version="1"), Load(**load), (step,))


def bad(at: float = NOW, cause: Cause = Cause.CONNECTION_REFUSED, step: str = "connect") -> Reading:
    exchange = Exchange(step, "GET /health", error=cause.value, total_ms=1.0)
    return Reading(at, facts=Facts(version="1"), exchanges=(exchange,), failure=Failure(cause, step, "so it is"))


def record(endpoint: Endpoint, *readings: Reading) -> EndpointState:
    for reading in readings:
        probing.record(probing.state_of(endpoint.pk), reading, 0.0)
    return EndpointState.objects.get(pk=endpoint.pk)


def test_a_start_is_learned_from_the_process_and_the_next_one_is_no_outage(gpu):
    up = good(NOW, process_start=NOW - 9999)
    state = record(gpu, up, *(bad(NOW + n) for n in (30, 33, 36)), bad(NOW + 60))
    assert (state.status, state.cause, state.starts) == ("down", "connection_refused", [])
    state = record(gpu, *(good(NOW + n, process_start=NOW + 50) for n in (90, 93)))
    assert (state.status, state.starts) == ("up", [40])
    state = record(gpu, *(bad(NOW + n) for n in (400, 420, 440, 459)))
    assert (state.status, state.cause, state.step) == ("loading", "loading", "connect")
    assert "up to 40 s" in state.detail and Incident.objects.count() == 1
    state = record(gpu, good(NOW + 465, process_start=NOW + 402))
    assert (state.status, state.starts, state.starting) == ("up", [40, 63], {})


def test_a_start_past_its_budget_opens_an_incident_that_began_when_the_budget_was_used_up(gpu):
    EndpointState.objects.update(starts=[40])
    record(gpu, good(), *(bad(NOW + n) for n in (10, 40, 69)))
    assert not Incident.objects.exists()
    state = record(gpu, *(bad(NOW + n) for n in (70, 73, 76)))
    assert (state.status, Incident.objects.get().began_at.timestamp()) == ("down", NOW + 70)
    assert record(gpu, bad(NOW + 500)).status == "down"


def test_loading_past_its_budget_is_an_outage_and_its_length_is_learned(gpu):
    loading = [bad(NOW + n, Cause.LOADING, "health") for n in range(0, 700, 50)]
    state = record(gpu, *loading)
    assert (state.status, state.cause) == ("loading", "loading")
    state = record(gpu, bad(NOW + 700, Cause.LOADING, "health"))
    assert (state.status, state.cause, Incident.objects.get().cause) == ("down", "still_loading", "still_loading")
    assert record(gpu, good(NOW + 750)).starts == [750]


def test_while_we_are_blind_suspicious_failures_say_nothing_and_others_do(gpu):
    BlindStretch.objects.create(began_at=datetime.now(UTC), reason="No route to anywhere.")
    state = record(gpu, good(), *[bad(NOW + 1, Cause.NO_ROUTE)] * 5)
    assert (state.status, state.cause, state.detail) == ("unknown", "blind", "No route to anywhere.")
    seen = Observation.objects.order_by("pk").values_list("status", "cause", "excluded")
    assert list(seen) == [("up", "", ""), *[("unknown", "blind", "blind")] * 5]
    assert record(gpu, *[bad(NOW + 2)] * 3).status == "down", "what refuses a connection was reached"


def test_an_incident_open_before_we_went_blind_goes_on_and_ends_as_any_other(gpu):
    record(gpu, good(), *[bad(NOW + 1, Cause.NO_ROUTE)] * 3)
    stretch = BlindStretch.objects.create(began_at=datetime.now(UTC), reason="No route to anywhere.")
    assert record(gpu, *[bad(NOW + 2, Cause.NO_ROUTE)] * 4).status == "down"
    stretch.ended_at = datetime.now(UTC) - timedelta(hours=1)
    stretch.save()
    assert record(gpu, bad(NOW + 3, Cause.NO_ROUTE), good(NOW + 4)).status == "down"
    assert not Incident.objects.get().resolved_at
    assert record(gpu, good(NOW + 5)).status == "up"
    assert Incident.objects.get().resolved_at


def test_a_good_look_does_not_ask_whether_we_are_blind(gpu, monkeypatch):
    monkeypatch.setattr("fleet.models.BlindStretch.current", lambda: 1 / 0)
    assert record(gpu, good(), bad(NOW + 1)).failures == 1


def test_looks_in_maintenance_do_not_count(gpu):
    EndpointState.objects.update(marks={"maintenance": "2027-01-01T00:00:00+00:00"})
    record(gpu, bad())
    assert Observation.objects.get().excluded == "maintenance"


@pytest.mark.parametrize(("froze_for", "cause"), [(2.5, Cause.BLIND), (1.5, Cause.TIMED_OUT)])
def test_a_probe_that_lasts_much_longer_than_it_may_was_held_up_by_us(gpu, monkeypatch, froze_for, cause):
    clock = [100.0]

    def slow_probe(*_, timeout: float, **__) -> Reading:
        clock[0] += timeout + froze_for
        return bad(NOW, Cause.TIMED_OUT, "health")

    monkeypatch.setattr(probing, "probe", slow_probe)
    monkeypatch.setattr(probing.time, "monotonic", lambda: clock[0])
    probing.run(gpu.pk, int(time.time()), int(time.time()) + 60)
    monkeypatch.undo()
    observation = Observation.objects.get()
    assert observation.cause == cause
    assert (observation.detail == "This worker stood still for 2 s.") == (cause is Cause.BLIND)


def test_turns_into_trouble_and_out_of_it_are_kept_and_blindness_is_none(gpu):
    readings = [good(), *[bad(NOW + 10)] * 3, bad(NOW + 11, Cause.BLIND), *[good(NOW + 20)] * 2]
    state = record(gpu, *readings, bad(NOW + 21, Cause.BLIND), good(NOW + 22))
    assert state.turns == [[int(NOW) + 10, 1], [int(NOW) + 20, 0]]


def test_the_certificates_end_is_kept_and_shown(gpu, client, alice):
    ends = time.time() + 10 * 86_400
    state = record(gpu, Reading(NOW, facts=Facts(), certificate_until=ends), bad(NOW + 1))
    assert state.certificate_until.timestamp() == pytest.approx(ends)
    client.force_login(alice)
    day = f"{state.certificate_until:%Y-%m-%d}"
    assert f"Renew its certificate soon: it ends on {day}." in client.get(gpu.get_absolute_url()).content.decode()
    later = state.certificate_until + timedelta(days=60)
    EndpointState.objects.update(certificate_until=later)
    assert f"Certificate until {later:%Y-%m-%d}" in client.get(gpu.get_absolute_url()).content.decode()


def test_slow_after_is_taken_from_the_endpoint(gpu):
    endpoints.change(gpu, slow_after=3, fail_after=1)
    state = record(gpu, good())
    assert (state.status, state.cause, state.detail) == ("degraded", "slow", "4 ms, limit 3 ms")


def test_m_of_n_survives_in_the_row(gpu):
    endpoints.change(gpu, fail_after=3, fail_of=5)
    state = record(gpu, *(bad(NOW + n) if n % 2 else good(NOW + n) for n in range(6)))
    assert (state.status, Incident.objects.get().began_at.timestamp()) == ("down", NOW + 1)
