"""LM Studio: its native list of models is its health, and reports its slots."""

from fleet.engines.errors import Cause
from tests.fake_engine import FakeEngine

from .ask import by_name, good, probed, requests


def test_the_native_list_shows_models_and_what_is_loaded() -> None:
    with FakeEngine("lmstudio") as engine:
        reading = good(engine, "lmstudio")
    models = by_name(reading)
    chat, embedder = models["qwen/qwen3-8b"], models["text-embedding-nomic-embed-text-v1.5"]
    assert (chat.loaded, chat.size, chat.quantization, chat.parameters) == (True, 5027784512, "Q4_K_M", "8B")
    assert chat.capabilities == ("completion", "tools", "thinking")
    assert chat.context_length == 8192
    assert (embedder.loaded, embedder.capabilities, embedder.context_length) == (False, ("embedding",), 2048)
    assert requests(reading) == ["GET /lmstudio-greeting", "GET /api/v1/models"]


def test_its_slots_are_those_of_all_loaded_models() -> None:
    instance = {"id": "a", "config": {"parallel": 4}}
    with FakeEngine("lmstudio") as engine:
        assert good(engine, "lmstudio").load.slots == 4
        engine.put("GET /api/v1/models", {"models": [{"key": "a", "loaded_instances": [instance, instance]}]})
        assert good(engine, "lmstudio").load.slots == 8
        engine.put("GET /api/v1/models", {"models": [{"key": "a", "loaded_instances": [instance, {"id": "b"}]}]})
        assert good(engine, "lmstudio").load.slots is None


def test_with_nothing_loaded_its_slots_are_unknown() -> None:
    with FakeEngine("lmstudio") as engine:
        engine.put("GET /api/v1/models", {"models": []})
        assert good(engine, "lmstudio").load.slots is None


def test_it_keeps_the_state_of_responses() -> None:
    with FakeEngine("lmstudio") as engine:
        assert good(engine, "lmstudio").facts.api["responses"] == "stateful"


def test_older_ones_have_an_older_list() -> None:
    with FakeEngine("lmstudio", "v0") as engine:
        reading = good(engine, "lmstudio")
    models = by_name(reading)
    assert (models["llama-3.1-8b"].loaded, models["llama-3.1-8b"].context_length) == (True, 4096)
    assert models["llama-3.1-8b"].capabilities == ("completion", "tools")
    assert models["qwen2-vl-7b-instruct"].capabilities == ("completion", "vision")
    assert "responses" not in reading.facts.api


def test_a_200_without_a_list_is_a_warning_while_it_greets() -> None:
    with FakeEngine("lmstudio") as engine:
        engine.drop("GET /api/v1/models")
        assert "No answer about models" in good(engine, "lmstudio").facts.warnings[0]


def test_a_200_without_greeting_and_list_is_trouble() -> None:
    with FakeEngine("lmstudio") as engine:
        engine.drop("GET /api/v1/models")
        engine.drop("GET /lmstudio-greeting")
        failure = probed(engine, "lmstudio").failure
    assert failure is not None
    assert (failure.cause, failure.step) == (Cause.WRONG_SHAPE, "health")
