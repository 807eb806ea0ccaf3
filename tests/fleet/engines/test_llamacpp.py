"""llama.cpp server: its slots, and that it says when it loads."""

from fleet.engines.errors import Cause
from tests.fake_engine import FakeEngine

from .ask import MINUTE, good, probed, requests


def test_the_first_probe_learns_model_build_and_slots() -> None:
    with FakeEngine("llamacpp") as engine:
        reading = good(engine, "llamacpp")
    (model,) = reading.facts.models
    assert (model.name, model.size, model.parameters) == ("qwen3-8b", 5021780992, "8.2B")
    assert (model.context_length, model.capabilities, model.loaded) == (16384, ("vision", "tools"), True)
    assert reading.facts.version == "b8681-abc"
    assert (reading.load.slots, reading.load.running, reading.load.waiting) == (4, 2, None)


def test_its_metrics_are_read_where_it_has_them() -> None:
    with FakeEngine("llamacpp", "metrics") as engine:
        first = good(engine, "llamacpp")
        second = good(engine, "llamacpp", first, 30)
    assert (second.load.running, second.load.waiting, second.load.generation_tokens) == (3, 2, 1300)
    assert requests(second) == ["GET /health", "GET /metrics"]


def test_metrics_that_are_off_are_asked_again_after_an_hour() -> None:
    with FakeEngine("llamacpp") as engine:
        first = good(engine, "llamacpp")
        second = good(engine, "llamacpp", first, 30)
        assert requests(second) == ["GET /health", "GET /slots"]
        assert "GET /metrics" in requests(good(engine, "llamacpp", second, 60 * MINUTE))


def test_metrics_that_are_refused_are_not_taken_for_switched_off() -> None:
    with FakeEngine("llamacpp", "metrics") as engine:
        engine.put("GET /metrics", "busy", 503)
        first = good(engine, "llamacpp")
    assert first.facts.warnings[0].startswith("No answer about load since")
    with FakeEngine("llamacpp", "metrics") as engine:
        second = good(engine, "llamacpp", first, MINUTE)
    assert (second.load.running, second.facts.warnings) == (3, ())


def test_without_slots_and_metrics_the_load_is_unknown() -> None:
    with FakeEngine("llamacpp") as engine:
        engine.put("GET /slots", {"error": {"code": 501}}, 501)
        load = good(engine, "llamacpp").load
    assert (load.running, load.slots) == (None, 4)


def test_in_router_mode_each_model_says_whether_it_is_loaded() -> None:
    states = {"a": {"value": "loaded"}, "b": {"value": "unloaded"}, "c": 7}
    cards = [{"id": name, "status": status} for name, status in states.items()]
    with FakeEngine("llamacpp") as engine:
        engine.put("GET /v1/models", {"object": "list", "data": cards})
        models = good(engine, "llamacpp").facts.models
    assert [(model.loaded, model.context_length) for model in models] == [(True, None), (False, None), (None, None)]


def test_a_server_that_loads_its_model_says_so() -> None:
    with FakeEngine("llamacpp", "loading") as engine:
        failure = probed(engine, "llamacpp").failure
    assert failure is not None
    assert (failure.cause, failure.step) == (Cause.LOADING, "health")
