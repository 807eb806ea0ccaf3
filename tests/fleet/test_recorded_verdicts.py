"""What a verdict leaves in the state row, and that a row as earlier versions left it is judged on."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fleet import endpoints
from fleet.engines.errors import Cause
from fleet.engines.reading import Canary, Exchange, Facts, Failure, Identity, Load, Model, Reading
from fleet.models import BlindStretch, Endpoint, EndpointState, Incident, Observation
from fleet.verdict.canary_memory import CanaryMemory
from fleet.verdict.judge import Verdict, judge
from fleet.verdict.memory import Memory
from fleet.verdict.stall import Still
from fleet.verdict.starts import Stretch
from fleet.verdict.status import Finding
from tests.fleet import recording as probing

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

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


def test_a_good_probe_does_not_ask_whether_we_are_blind(gpu, monkeypatch):
    monkeypatch.setattr("fleet.models.BlindStretch.current", lambda: 1 / 0)
    assert record(gpu, good(), bad(NOW + 1)).failures == 1


def test_probes_in_maintenance_do_not_count(gpu):
    EndpointState.objects.update(marks={"maintenance": "2027-01-01T00:00:00+00:00"})
    record(gpu, bad())
    assert Observation.objects.get().excluded == "maintenance"


@pytest.mark.parametrize(("froze_for", "cause"), [(2.5, Cause.BLIND), (1.5, Cause.TIMED_OUT)])
def test_a_probe_that_lasts_much_longer_than_it_may_was_held_up_by_us(gpu, monkeypatch, froze_for, cause):
    clock = [100.0]

    def slow_probe(*_, timeout: float, **__) -> Reading:
        clock[0] += timeout + froze_for
        return bad(NOW, Cause.TIMED_OUT, "health")

    monkeypatch.setattr("fleet.probing.run.probe", slow_probe)
    monkeypatch.setattr("fleet.probing.run.time.monotonic", lambda: clock[0])
    probing.run(gpu.pk, int(time.time()), int(time.time()) + 60)
    monkeypatch.undo()
    observation = Observation.objects.get()
    assert observation.cause == cause
    assert (observation.detail == "This worker was stopped for 2 s.") == (cause is Cause.BLIND)


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


LOAD = {"running": 2, "waiting": 5, "deferred": 0, "waiting_by_reason": {"capacity": 5, "deferred": 0},
        "kv_cache_usage": 0.25, "generation_tokens": 647, "requests": 0, "sleep_state": "awake",
        "process_start": NOW - 9999}  # fmt: skip
STORED = {
    "status": "up", "cause": "", "engine": "vllm", "failures": 0, "successes": 9, "recent": 0, "still": 2,
    "starts": [40, 63], "starting": {"since": int(NOW) - 5, "said": True},
    "turns": [[int(NOW) - 90, 1], [int(NOW) - 60, 0]],
    "load": LOAD,
    "facts": {"version": "1", "models": [{"name": "tiny", "loaded": True, "capabilities": ["completion"]}]},
    "ladder": [{"step": "connect", "request": "GET /health", "bytes": 0, "error": "connection_refused"}],
    "canary": {
        "at": NOW - 50, "model": "tiny", "ms": 202.5, "note": "", "ok": False, "cause": "wedged", "detail": "no token",
        "asked": 4, "skipped": 1, "tokens": 3, "ms_total": 708.7, "day": 20833, "skipped_at": NOW - 900,
        "why": "traffic",
        "still_since": NOW - 40, "still_rises": 1, "paths": {"tiny": "/v1/completions"}, "left": {"tiny": ""},
        "ended": {"model": "tiny", "for": ["1", "tiny"]}, "sleeps": True,
    },
}  # fmt: skip
"""The columns of a row as version 0.1.0 wrote them."""


def test_a_row_as_an_earlier_version_left_it_is_read_and_written_back_the_same(gpu):
    seen_at = datetime.fromtimestamp(NOW - 30, UTC)
    EndpointState.objects.filter(pk=gpu.pk).update(**STORED, due_at=int(NOW) + 20, seen_at=seen_at)
    state = probing.state_of(gpu.pk)
    memory = state.memory()
    assert memory == Memory(
        facts=Facts("1", (Model("tiny", loaded=True, capabilities=("completion",)),)),
        load=Load(**LOAD),
        refused=True,
        seen_at=NOW - 30,
        due_at=int(NOW) + 20,
        canary=CanaryMemory(
            at=NOW - 50, model="tiny", ms=202.5, ok=False, cause="wedged", detail="no token", skipped_at=NOW - 900,
            why="traffic", day=20833, asked=4, skipped=1, tokens=3, ms_total=708.7, paths={"tiny": "/v1/completions"},
            ended="tiny", ended_for=("1", "tiny"), left={"tiny": ""}, sleeps=True,
        ),
        stalled=Still(2, NOW - 40, 1),
        starts=(40, 63),
        starting=Stretch(int(NOW) - 5, True),
        turns=((int(NOW) - 90, 1), (int(NOW) - 60, 0)),
    )  # fmt: skip
    state.settle(Verdict(state.standing(), Finding(), memory), seen_at)
    kept = {name: getattr(state, name) for name in ("still", "starts", "starting", "turns")}
    assert kept == {name: STORED[name] for name in kept}
    assert state.canary.items() <= STORED["canary"].items(), "an earlier version could go on with it"
    assert state.memory() == memory


@pytest.mark.parametrize("still_for", [{"still": 3, "canary": {"still_since": NOW - 60}}, {"still": 3, "canary": {}}])
def test_a_count_of_probes_without_progress_goes_on_as_earlier_versions_kept_it(gpu, still_for):
    EndpointState.objects.filter(pk=gpu.pk).update(load=LOAD, status="up", cause="", **still_for)
    state = record(gpu, Reading(NOW, facts=Facts("1"), load=Load(**LOAD)))
    assert (state.still, Observation.objects.get().cause) == (4, "may_be_stuck")


READINGS = [
    good(),
    good(running=1, generation_tokens=5, kv_cache_usage=0.1),
    replace(good(), certificate_until=NOW + 9e6),
    replace(good(), canary=Canary("tiny", 5.0, 3, path="/v1/completions")),
    replace(good(), canary=Canary("tiny", 5.0, failure=Failure(Cause.WEDGED, "canary", "no token"))),
    replace(good(), canary=Canary("tiny", loaded=True)),
    bad(),
    bad(NOW, Cause.LOADING, "health"),
    bad(NOW, Cause.BLIND),
]


@pytest.mark.parametrize("reading", READINGS)
def test_what_a_verdict_is_to_be_remembered_by_is_what_the_next_one_finds(gpu, reading, monkeypatch):
    verdicts = []
    monkeypatch.setattr("fleet.probing.record.judge", lambda *given: verdicts.append(judge(*given)) or verdicts[-1])
    Endpoint.objects.filter(pk=gpu.pk).update(canary_models=["tiny"])
    EndpointState.objects.filter(pk=gpu.pk).update(**STORED, due_at=int(NOW) + 20)
    state = record(gpu, reading)
    assert state.memory() == verdicts[0].memory
    assert state.standing() == verdicts[0].standing
    assert state.due_at == verdicts[0].due_at
