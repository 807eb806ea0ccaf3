"""Canaries that measure how long Ollama's callers wait: also under real traffic, 12 an hour at most."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fleet.engines.errors import Cause
from fleet.engines.reading import Canary, Facts, Failure, Identity, Load, Model, Reading
from fleet.models import EndpointLoad
from fleet.verdict.canary import remembered
from fleet.verdict.canary_due import TRAFFIC, UNUSED, Question, next_canary
from fleet.verdict.canary_memory import CanaryMemory
from fleet.verdict.memory import Memory, Rules
from tests.fake_engine import FakeEngine
from tests.fleet.watching import canary_due, probed, watched

NOW = 1.8e9
RULES = Rules(engine="ollama", canary_models=("m",), measures_waits=True, key="1")


def model(seconds: float) -> Model:
    """In memory until so many seconds from now: later than before, if somebody used it."""
    at = datetime.fromtimestamp(NOW + seconds, UTC).isoformat()
    return Model("m", loaded=True, expires_at=at)


def reading(at: float = NOW, seconds: float = 300, engine: str = "ollama") -> Reading:
    return Reading(at, Identity(engine, "GET /"), Facts("0.9.3", (model(seconds),)), Load())


USED = Memory(facts=Facts(models=(model(100),)))


def test_under_real_traffic_one_is_sent_where_waits_are_measured_and_skipped_elsewhere():
    assert isinstance(next_canary(USED, RULES, reading()), Question)
    skipped = next_canary(USED, replace(RULES, measures_waits=False), reading())
    assert skipped == Canary("m", skipped=TRAFFIC)


def test_other_engines_show_their_queue_so_none_is_sent_under_traffic():
    worked = Memory(load=Load(generation_tokens=1))
    now = replace(reading(engine="vllm"), load=Load(generation_tokens=9))
    assert next_canary(worked, replace(RULES, engine="vllm"), now) == Canary("m", skipped=TRAFFIC)


def test_a_model_that_nobody_uses_is_not_asked_and_recorded_as_idle():
    left = Memory(canary=CanaryMemory(left={"m": model(300).expires_at}))
    assert next_canary(left, RULES, reading()) == Canary("m", skipped=UNUSED, unused=True)


def test_a_model_at_work_without_a_break_is_not_taken_for_idle():
    """Its expiry moves only once it falls idle, so it stands still as that of a model that nobody uses."""
    busy = Canary("m", 900.0, 1, measures=True, left_busy=True)
    late = Canary("m", measures=True, failure=Failure(Cause.SATURATED, "canary"))
    for asked in (busy, late):
        memory = remembered(CanaryMemory(), replace(reading(), canary=asked), "ollama", ("m",))
        memory = remembered(memory, reading(NOW + 15), "ollama", ("m",))
        assert isinstance(next_canary(Memory(canary=memory), RULES, reading(NOW + 660)), Question)


def test_twelve_an_hour_are_sent_at_most_whatever_is_set():
    asked, last = 0, CanaryMemory()
    for second in range(0, 3600, 15):
        now = reading(NOW + second, 300 + second)
        found = next_canary(replace(USED, canary=last), replace(RULES, canary_every=1), now)
        if isinstance(found, Question):
            asked, last = asked + 1, replace(last, at=now.at)
    assert asked <= 12


def test_one_that_made_ollama_load_a_model_again_is_the_last():
    ended = Memory(canary=CanaryMemory(ended="m", ended_for=("0.9.3", "m")))
    assert isinstance(found := next_canary(ended, RULES, reading()), Canary)
    assert found.skipped


@pytest.mark.django_db
def test_the_waits_of_busy_moments_are_collected_once_a_member_has_switched_it_on(team):
    with FakeEngine("ollama", "loaded") as engine:
        gpu = watched(team, engine)
        until = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
        engine.expires_in = None  # callers are at work, so that nothing moves it
        engine.put("GET /api/ps", {"models": [{"name": "tiny:latest", "size": 1, "expires_at": until}]})
        answer = {"done": True, "total_duration": 1_905_000_000, "load_duration": 1_000_000}
        engine.put("POST /api/generate", {**answer, "prompt_eval_duration": 3_000_000, "eval_duration": 1_000_000})
        EndpointLoad.objects.create(endpoint=gpu, measures_waits=True)
        for _ in range(3):
            canary_due(gpu)
            state = probed(gpu)
        counted = state.collected["counts"]["tiny:latest"]
    assert (counted["canaries"], counted["waited"], counted["wait.7"]) == (3, 3, 3)
