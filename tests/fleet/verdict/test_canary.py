"""When a canary is due and to which model it goes, what it means, and what is remembered of it."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.engines.errors import Cause
from fleet.engines.reading import Canary, Facts, Failure, Identity, Load, Model, Reading
from fleet.verdict import canary_due, schedule
from fleet.verdict.canary import failed, noted, remembered
from fleet.verdict.canary_due import NOT_OFFERED, NOTHING_LOADED, TRAFFIC, Question, choose, next_canary
from fleet.verdict.canary_memory import DAY, CanaryMemory
from fleet.verdict.memory import Memory, Rules
from fleet.verdict.stall import Still
from fleet.verdict.status import Finding

NOW = 1.8e9
TINY = Model("tiny", capabilities=("completion",))
PATHS = ("/v1/completions", "/v1/chat/completions", "/chat/completions")
RULES = Rules(engine="vllm", canary_models=("tiny",), key="7")
JUST = CanaryMemory(at=NOW, model="tiny", ok=True)
DOUBTED = replace(JUST, ok=False, cause="wedged", detail="no token")


def reading(*models: Model, engine: str = "vllm", **load) -> Reading:
    return Reading(NOW, Identity(engine, "x"), Facts("1", models or (TINY,)), Load(**load))


@given(st.integers(300, 86_400), st.text(max_size=5), st.floats(1e9, 4e9))
def test_a_canary_is_due_once_in_every_slot(every, key, at):
    assert not canary_due.due(at, every, key, at)
    assert canary_due.due(at, every, key, at + every)
    turns = [at + n * every / 4 for n in range(5)]
    assert sum(canary_due.due(earlier, every, key, later) for earlier, later in pairwise(turns)) == 1


def test_endpoints_take_their_canaries_at_different_seconds():
    assert len({schedule.phase(f"canary {n}", 600) for n in range(100)}) > 60


def test_several_models_take_turns_and_a_doubted_one_is_asked_again():
    models = [Model(name) for name in "abc"]
    assert [choose(models, last, again=False).name for last in ("", "a", "c", "gone")] == ["a", "b", "a", "a"]
    assert [choose(models, last, again=True).name for last in ("b", "gone")] == ["b", "a"]


STILL = Memory(canary=JUST, stalled=Still(2, NOW + 1), load=Load(running=1, generation_tokens=5, kv_cache_usage=0.1))
LATER = replace(reading(running=1, generation_tokens=5, kv_cache_usage=0.1), at=NOW + 31)


@pytest.mark.parametrize(
    ("memory", "rules", "seen", "expected"),
    [
        (Memory(), RULES, reading(), Question("vllm", TINY, PATHS, confirms=False)),
        (Memory(), replace(RULES, canary_models=()), reading(), None),
        (Memory(), RULES, replace(reading(), failure=Failure(Cause.TIMED_OUT, "load")), None),
        (Memory(), RULES, reading(sleep_state="weights_offloaded"), None),
        (Memory(canary=JUST), RULES, reading(), None),
        (Memory(canary=replace(JUST, at=NOW - 600)), RULES, reading(), Question("vllm", TINY, PATHS, confirms=False)),
        (Memory(canary=CanaryMemory(skipped_at=NOW)), RULES, reading(), None),
        (Memory(canary=DOUBTED), RULES, reading(generation_tokens=5), Question("vllm", TINY, PATHS, confirms=True)),
        (Memory(canary=DOUBTED), RULES, reading(), Question("vllm", TINY, PATHS, confirms=False)),
        (
            Memory(canary=replace(DOUBTED, paths={"tiny": PATHS[-1]})),
            RULES,
            reading(),
            Question("vllm", TINY, (PATHS[-1], *PATHS[:-1]), confirms=False),
        ),
        (STILL, RULES, LATER, Question("vllm", TINY, PATHS, confirms=False)),  # requests stand still
        (replace(STILL, canary=replace(JUST, at=NOW + 2)), RULES, LATER, None),  # it was asked since they do
        (Memory(), RULES, reading(Model("other")), Canary(skipped=NOT_OFFERED)),
        (Memory(), RULES, reading(replace(TINY, loaded=False), engine="ollama"), Canary(skipped=NOTHING_LOADED)),
        (Memory(load=Load(generation_tokens=4)), RULES, reading(generation_tokens=5), Canary("tiny", skipped=TRAFFIC)),
        (
            Memory(canary=CanaryMemory(ended="tiny", ended_for=("1", "tiny"))),
            RULES,
            reading(),
            Canary(skipped=canary_due.ENDED),
        ),
    ],
)
def test_what_is_due_after_a_reading(memory, rules, seen, expected):
    assert next_canary(memory, rules, seen) == expected


@pytest.mark.parametrize(
    ("last", "spared"),
    [
        (CanaryMemory(), True),
        (CanaryMemory(at=NOW - 700, skipped_at=NOW - 600, why=TRAFFIC), False),  # every other one only
        (CanaryMemory(at=NOW - 600, skipped_at=NOW - 700, why=TRAFFIC), True),
        (DOUBTED, False),
    ],
)
def test_a_later_expiry_of_ollamas_spares_only_every_other_canary(last, spared):
    before = replace(TINY, loaded=True, expires_at="2027-01-15T08:00:00Z")
    seen = reading(replace(before, expires_at="2027-01-15T08:05:00Z"), engine="ollama")
    found = next_canary(Memory(facts=Facts("1", (before,)), canary=last), RULES, seen)
    assert (found == Canary("tiny", skipped=TRAFFIC)) is spared


WEDGED = Failure(Cause.WEDGED, "canary", "no token")


@pytest.mark.parametrize(
    ("last", "asked", "models", "found"),
    [
        (CanaryMemory(), None, ("tiny",), None),
        (CanaryMemory(), Canary("tiny", 5.0, 1), ("tiny",), None),
        (CanaryMemory(), Canary("tiny", failure=WEDGED), ("tiny",), Finding(Cause.WEDGED, "canary", "no token")),
        (DOUBTED, Canary("tiny", 5.0, 1), ("tiny",), None),
        (DOUBTED, Canary("tiny", skipped=TRAFFIC), ("tiny",), None),
        (DOUBTED, None, ("tiny",), Finding(Cause.WEDGED, "canary", "no token")),  # it could not be repeated
        (DOUBTED, None, (), None),  # the team took its canary away
    ],
)
def test_what_a_canary_found(last, asked, models, found):
    assert failed(last, replace(reading(), canary=asked), replace(RULES, canary_models=models)) == found


@pytest.mark.parametrize(
    ("last", "asked", "ok", "cause"),
    [
        (CanaryMemory(), Canary("m", 5.0, 1), True, ""),
        (CanaryMemory(), Canary("m", 5.0, note="HTTP 404"), None, ""),
        (CanaryMemory(), Canary("m", failure=WEDGED), False, "wedged"),
        (JUST, Canary("m", failure=Failure(Cause.SATURATED, "canary")), None, "saturated"),
        (JUST, Canary("m", failure=Failure(Cause.RATE_LIMITED, "canary")), None, "rate_limited"),
        (DOUBTED, Canary("m", 5.0, 1), True, ""),
        (DOUBTED, Canary("m", skipped=TRAFFIC), None, ""),
        (JUST, Canary("m", skipped=TRAFFIC), True, ""),
    ],
)
def test_which_outcome_is_a_doubt(last, asked, ok, cause):
    now = noted(last, asked, NOW)
    assert (now.ok, now.cause, now.doubted) == (ok, cause, ok is False)


def test_the_costs_of_yesterday_are_not_counted_today():
    yesterday = noted(CanaryMemory(), Canary("m", 10.0, 3), at=5 * DAY - 1.0)
    today = noted(yesterday, Canary("m", 20.0, 4), at=5 * DAY + 1.0)
    assert (yesterday.day, yesterday.tokens) == (4, 3)
    assert (today.day, today.asked, today.tokens, today.ms_total) == (5, 1, 4, 20.0)


def test_routes_are_kept_of_the_models_that_may_be_asked():
    seen = replace(reading(), canary=Canary("tiny", 5.0, 1, path="/v1/completions"))
    now = remembered(CanaryMemory(paths={"gone": "/x", "TINY:latest": "/y"}), seen, "vllm", ("tiny",))
    assert now.paths == {"TINY:latest": "/y", "tiny": "/v1/completions"}
    assert remembered(now, reading(), "vllm", ()).paths == {}


def test_a_probe_without_a_canary_leaves_what_is_remembered():
    assert remembered(DOUBTED, reading(), "vllm", ("tiny",)) == DOUBTED
    assert remembered(DOUBTED, replace(reading(), failure=WEDGED), "vllm", ("tiny",)) == DOUBTED
