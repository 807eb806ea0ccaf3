"""Ollama: what is learned, how often it is asked, and when it is busy."""

import pytest

from fleet.engines.errors import Cause
from fleet.engines.ollama import surfaces
from fleet.engines.probe import probe
from tests.fake_engine import FakeEngine

from .ask import DAY, MINUTE, by_name, good, probed, requests

STEADY = ["GET /api/version", "GET /api/ps"]
NEW = {"name": "new:latest", "digest": "f" * 64, "expires_at": "2099-01-01T00:00:00Z"}


def tags(*digests: str) -> dict[str, object]:
    return {"models": [{"name": f"m{digest}", "digest": digest} for digest in digests]}


def test_an_older_server_is_asked_what_each_model_can_do() -> None:
    with FakeEngine("ollama") as engine:
        reading = good(engine, "ollama")
    model = by_name(reading)["tiny:latest"]
    assert reading.facts.version == "0.9.3"
    assert (model.size, model.parameters, model.quantization) == (496170, "122K", None)
    assert (model.context_length, model.capabilities, model.loaded) == (2048, ("completion",), False)
    assert requests(reading) == ["GET /api/version", "GET /api/ps", "GET /api/tags", "POST /api/show"]


def test_a_newer_server_shows_it_in_its_list() -> None:
    with FakeEngine("ollama", "v0_33") as engine:
        reading = good(engine, "ollama")
    models = by_name(reading)
    assert "POST /api/show" not in requests(reading)
    assert models["qwen3:8b"].capabilities == ("completion", "tools", "thinking")
    assert models["nomic-embed-text:latest"].capabilities == ("embedding",)
    assert models["nomic-embed-text:latest"].context_length == 2048


def test_a_loaded_model_shows_its_memory_and_the_context_it_runs_with() -> None:
    with FakeEngine("ollama", "v0_33") as engine:
        model = by_name(good(engine, "ollama"))["qwen3:8b"]
    assert model.loaded is True
    assert (model.size_vram, model.size_loaded) == (6_000_000_000, 8_000_000_000)
    assert model.context_length == 8192
    assert model.expires_at is not None


def test_an_unloaded_model_shows_its_trained_context_again() -> None:
    with FakeEngine("ollama", "v0_33") as engine:
        first = good(engine, "ollama")
        engine.put("GET /api/ps", {"models": []})
        model = by_name(good(engine, "ollama", first, 30))["qwen3:8b"]
    assert (model.loaded, model.context_length) == (False, 40960)
    assert (model.size_vram, model.size_loaded, model.expires_at) == (None, None, None)


def test_a_cloud_model_is_marked_and_neither_loaded_nor_unloaded() -> None:
    with FakeEngine("ollama", "v0_33") as engine:
        model = by_name(good(engine, "ollama"))["gpt-oss:120b-cloud"]
    assert (model.remote_host, model.loaded) == ("https://ollama.com:443", None)


def test_the_usual_probe_is_two_requests_and_keeps_what_is_known() -> None:
    with FakeEngine("ollama", "loaded") as engine:
        first = good(engine, "ollama")
        second = good(engine, "ollama", first, 30)
    assert requests(second) == STEADY
    assert [m.capabilities for m in second.facts.models] == [("completion",)]


def test_the_list_is_asked_again_after_ten_minutes() -> None:
    with FakeEngine("ollama") as engine:
        first = good(engine, "ollama")
        assert "GET /api/tags" not in requests(good(engine, "ollama", first, 9 * MINUTE))
        engine.models(["other:latest"])
        later = good(engine, "ollama", first, 10 * MINUTE)
    assert set(by_name(later)) == {"other:latest"}


def test_a_loaded_model_that_is_not_on_the_list_has_the_list_asked_at_once() -> None:
    with FakeEngine("ollama") as engine:
        first = good(engine, "ollama")
        engine.put("GET /api/ps", {"models": [NEW]})
        second = good(engine, "ollama", first, 30)
    assert "GET /api/tags" in requests(second)
    assert by_name(second)["new:latest"].loaded is True


def test_a_new_digest_is_shown_again() -> None:
    with FakeEngine("ollama") as engine:
        engine.put("GET /api/tags", tags("1"))
        first = good(engine, "ollama")
        engine.put("GET /api/tags", tags("2"))
        second = good(engine, "ollama", first, 10 * MINUTE)
        assert engine.asked("POST /api/show") == 2
    assert set(second.facts.memory["shown"]) == {"2"}


def test_many_models_are_shown_a_few_at_a_time() -> None:
    with FakeEngine("ollama") as engine:
        engine.put("GET /api/tags", tags(*"abcdefghij"))
        first = good(engine, "ollama")
        assert engine.asked("POST /api/show") == 8
        second = good(engine, "ollama", first, 30)
    assert all(model.capabilities == ("completion",) for model in second.facts.models)


@pytest.mark.parametrize("status", [404, 500])
def test_a_model_that_cannot_be_shown_is_no_trouble_and_not_asked_for_again(status: int) -> None:
    with FakeEngine("ollama") as engine:
        engine.put("POST /api/show", {"error": "no"}, status)
        first = good(engine, "ollama")
        assert by_name(first)["tiny:latest"].capabilities == ()
        assert requests(good(engine, "ollama", first, 30)) == STEADY
        engine.version = "0.9.4"
        assert "POST /api/show" in requests(good(engine, "ollama", first, 60))


def test_a_huge_answer_of_show_is_no_trouble() -> None:
    with FakeEngine("ollama") as engine:
        engine.put("POST /api/show", {"license": "x" * 2_000_000})
        assert by_name(good(engine, "ollama"))["tiny:latest"].context_length is None


def test_a_model_past_its_expiry_is_busy() -> None:
    with FakeEngine("ollama", "loaded") as engine:
        assert good(engine, "ollama").load.busy is False
        engine.expires_in = -30
        assert good(engine, "ollama").load.busy is True


def test_a_model_being_unloaded_is_not_busy() -> None:
    with FakeEngine("ollama", "loaded") as engine:
        engine.expires_in = -1
        assert good(engine, "ollama").load.busy is False


def test_busy_is_judged_by_the_clock_of_the_server() -> None:
    with FakeEngine("ollama", "loaded") as engine:
        first = good(engine, "ollama")
        assert good(engine, "ollama", first, seconds=365 * DAY).load.busy is False


@pytest.mark.parametrize("expires_at", ["0001-01-01T00:00:00Z", "2318-01-01T00:00:00.123456789+02:00", "soon", None, 7])
def test_an_expiry_that_was_never_set_or_never_comes_is_not_busy(expires_at: object) -> None:
    with FakeEngine("ollama") as engine:
        engine.expires_in = None
        engine.put("GET /api/ps", {"models": [{"name": "tiny:latest", "expires_at": expires_at}]})
        assert good(engine, "ollama").load.busy is False


@pytest.mark.parametrize(
    ("version", "responses", "messages"),
    [
        ("0.9.3", "no", "no"),
        ("0.13.2", "no", "no"),
        ("0.13.3", "stateless", "no"),
        ("0.14.0", "stateless", "yes"),
        ("0.33.0-rc2", "stateless", "yes"),
        ("1.0.0", "stateless", "yes"),
    ],
)
def test_the_api_follows_from_the_version(version: str, responses: str, messages: str) -> None:
    assert surfaces(version)["responses"] == responses
    assert surfaces(version)["messages"] == messages
    assert surfaces(version)["chat"] == "yes"


@pytest.mark.parametrize("version", ["0.0.0", "", "dev", "1.2", "²"])
def test_of_a_version_that_is_not_understood_no_api_is_known(version: str) -> None:
    assert surfaces(version) == {}


def test_a_new_version_changes_the_api_at_once() -> None:
    with FakeEngine("ollama") as engine:
        first = good(engine, "ollama")
        engine.version = "0.14.0"
        assert good(engine, "ollama", first, 30).facts.api["messages"] == "yes"


def test_a_host_name_it_refuses_is_reported_as_that() -> None:
    with FakeEngine("ollama") as engine:
        engine.status = 403
        failure = probed(engine, "ollama").failure
    assert failure is not None
    assert (failure.cause, failure.step) == (Cause.HOST_REJECTED, "health")


def test_another_engine_in_its_place_is_reported() -> None:
    with FakeEngine("vllm") as engine:
        failure = probed(engine, "ollama").failure
    assert failure is not None
    assert failure.cause is Cause.WRONG_ENGINE


def test_what_was_learned_from_another_engine_is_forgotten() -> None:
    with FakeEngine("vllm") as vllm, FakeEngine("ollama") as ollama:
        reading = good(ollama, "ollama", good(vllm, "vllm"), 30)
    assert set(by_name(reading)) == {"tiny:latest"}
    assert "routes_of" not in reading.facts.memory


@pytest.mark.parametrize("owner", ["koboldcpp", "lemonade", "docker"])
def test_an_imitator_with_ollamas_greeting_is_known_by_the_owner_of_its_models(owner: str) -> None:
    with FakeEngine("ollama") as engine:
        engine.put("GET /v1/models", {"object": "list", "data": [{"id": "a", "owned_by": owner}]})
        identity = probe(engine.url).identity
    assert identity is not None
    assert identity.engine == "openai_compatible"


def test_one_model_of_a_namespace_like_another_servers_name_is_still_ollamas() -> None:
    cards = [{"id": "docker/tiny:latest", "owned_by": "docker"}, {"id": "qwen3:8b", "owned_by": "library"}]
    with FakeEngine("ollama") as engine:
        engine.put("GET /v1/models", {"object": "list", "data": cards})
        identity = probe(engine.url).identity
    assert identity is not None
    assert identity.engine == "ollama"
