"""What figures at rest come to, with a canary and without one."""

import time

import pytest

from fleet import endpoints
from fleet.engines import canary as asking
from fleet.engines.reading import Load, Reading
from fleet.models import Endpoint, EndpointState, Observation
from fleet.probing import canaries
from tests.fake_engine import FakeEngine
from tests.fleet import recording as record
from tests.fleet.watching import asked, canary_due, probed, watched

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for module in (asking, canaries):
        monkeypatch.setattr(module, "CANARY_DEADLINE", 0.3)
        monkeypatch.setattr(module, "CONFIRM_DEADLINE", 0.2)


def test_requests_under_way_without_a_token_may_be_stuck_where_there_is_no_canary(team):
    with FakeEngine("vllm", "busy") as engine:
        engine.waiting = 0
        gpu = watched(team, engine, models=())
        probed(gpu)
        for _ in range(5):
            state = probed(gpu)
            EndpointState.objects.filter(pk=gpu.pk).update(canary={**state.canary, "still_since": time.time() - 31})
    assert state.still == 5
    assert (state.status, state.cause, state.step) == ("degraded", "may_be_stuck", "load")
    assert state.detail == "2 requests under way, no token for 5 probes"


def test_a_canary_that_works_ends_the_stall(team):
    with FakeEngine("vllm", "busy") as engine:
        gpu = watched(team, engine)
        stills = [probed(gpu).still for _ in range(3)]
        canary_due(gpu)
        assert [*stills, probed(gpu).still] == [0, 1, 2, 0]


def still_for_long(gpu: Endpoint) -> None:
    """As if two probes had seen its requests stand still for half a minute."""
    state = probed(gpu)
    since = {"still_since": state.probed_at.timestamp() - 31, "still_rises": state.canary.get("still_rises", 0)}
    EndpointState.objects.filter(pk=gpu.pk).update(still=2, canary={**state.canary, **since, "at": 1.0})


def test_figures_at_rest_make_a_canary_due_at_once_and_it_decides(team):
    with FakeEngine("vllm", "busy") as engine:
        gpu = watched(team, engine, canary_every=86_400)
        probed(gpu)
        still_for_long(gpu)
        state = probed(gpu)
        assert len(asked(engine)) == 2 and state.still == 0
        assert Observation.objects.latest("at").cause == "saturated"  # five requests wait
        engine.frozen = True
        still_for_long(gpu)
        assert [probed(gpu).status for _ in range(3)] == ["busy", "busy", "down"]
    assert EndpointState.objects.get(pk=gpu.pk).cause == "wedged"


def test_figures_at_rest_may_be_stuck_where_the_canary_says_nothing(team):
    with FakeEngine("vllm", "busy") as engine:
        gpu = watched(team, engine)
        for path in ("/v1/completions", "/v1/chat/completions"):
            engine.put(f"POST {path}", {"error": {"message": "The model does not exist"}}, 404)
        probed(gpu)
        still_for_long(gpu)
        sent = len(asked(engine))
        assert probed(gpu).canary["note"] and len(asked(engine)) == sent + 1
        assert Observation.objects.latest("at").cause == "may_be_stuck"
        probed(gpu)
        assert Observation.objects.latest("at").cause == "may_be_stuck"
        assert len(asked(engine)) == sent + 1, "it is not asked in each probe"


def test_a_missing_model_is_not_hidden_by_figures_at_rest(team):
    with FakeEngine("vllm", "busy") as engine:
        gpu = watched(team, engine, models=(), expected_models=["gone"])
        probed(gpu)
        still_for_long(gpu)
        probed(gpu)
    assert Observation.objects.latest("at").cause == "model_missing"


def test_deferred_requests_that_rise_while_nothing_moves_are_wedged_without_any_canary(team):
    with FakeEngine("vllm", "busy") as engine:
        gpu = watched(team, engine, models=())
        engine.waiting = engine.deferred = 90
        probed(gpu)
        engine.waiting = engine.deferred = 227
        still_for_long(gpu)
        engine.waiting = engine.deferred = 468
        probed(gpu)
    found = Observation.objects.latest("at")
    assert (found.status, found.cause, found.waiting) == ("down", "wedged", 0)


def test_an_engine_that_counts_late_does_not_stand_still(team):
    idle = Load(running=2, generation_tokens=5)
    gpu = endpoints.add(team, name="late", url="http://10.0.0.5:8080", engine="llamacpp")
    for n in range(5):
        record.record(record.state_of(gpu.pk), Reading(1e9 + 60 * n, load=idle), 0.0)
    assert EndpointState.objects.get(pk=gpu.pk).still == 0
