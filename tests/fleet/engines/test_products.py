"""A server without a module of its own is named by what it shows of itself."""

import json

import pytest

from fleet.engines.products import GATEWAYS, PATHS, SIGNS, product, worth_asking
from tests.fake_engine import SAMPLES, load_samples


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("lmdeploy", "LMDeploy"),
        ("tensorrt_llm", "TensorRT-LLM"),
        ("tabbyAPI", "TabbyAPI"),
        ("docker", "Docker Model Runner"),
        ("xinference", "Xinference"),
        ("gpustack", "GPUStack"),
        ("llama-swap", "llama-swap"),
        ("Envoy AI Gateway", "Envoy AI Gateway"),
        ("lemonade", "Lemonade"),
        ("koboldcpp", "KoboldCpp"),
        ("vllm", "vLLM"),
        ("library", "Ollama"),
    ],
)
def test_the_owner_of_the_models_names_the_server(owner: str, name: str) -> None:
    assert product(owner, {}, {}) == name


@pytest.mark.parametrize("owner", ["", "me", "openai", "nvidia", "my-vllm", "vllm-fork", "dockerhub"])
def test_an_owner_that_many_use_or_that_only_resembles_one_is_no_name(owner: str) -> None:
    assert product(owner, {"Server": "uvicorn"}, {}) is None


def test_what_a_server_alone_can_show_wins_over_the_owner_that_it_passes_on() -> None:
    health = '{"status":"ok","version":"10.2.0","model_loaded":null,"all_models_loaded":[]}'
    assert product("llamacpp", {}, {"/v1/health": health}) == "Lemonade"
    assert product("llamacpp", {"Server": "ConcedoLlamaForKoboldServer"}, {}) == "KoboldCpp"
    assert (
        product("vllm", {}, {"/v1/metadata": '{"modelInfo":[{"shortName":"llama"}],"version":"2.1.6"}'}) == "NVIDIA NIM"
    )


def test_koboldcpp_is_known_behind_a_proxy_that_writes_its_own_server_header() -> None:
    answer = json.dumps({"result": "KoboldCpp", "version": "1.112.2", "protected": False})
    assert product("", {"Server": "nginx"}, {"/api/extra/version": answer}) == "KoboldCpp"


def test_dynamo_takes_its_health_and_its_owner_together() -> None:
    health = '{"status":"healthy","message":"Service is healthy","endpoints":[],"instances":[]}'
    assert product("nvidia", {}, {"/health": health}) == "NVIDIA Dynamo"
    assert product("nvidia", {}, {"/health": '{"status":"healthy"}'}) is None


def test_mlx_lm_is_not_confused_with_other_servers_in_python() -> None:
    python = {"Server": "BaseHTTP/0.6 Python/3.12.4"}
    assert product("", python, {"/health": '{"status": "ok"}'}) == "MLX-LM"
    assert product("someone", python, {"/health": '{"status": "ok"}'}) is None
    assert product("", python, {"/health": "OK"}) is None
    assert product("", python, {}) is None


def test_infinity_is_known_by_its_recorded_list() -> None:
    _, headers, body = load_samples(SAMPLES / "openai_compatible" / "infinity")["GET /models"]
    assert product(json.loads(body)["data"][0]["owned_by"], headers, {}) == "Infinity"


def test_each_sign_has_a_source_and_shows_something() -> None:
    assert all(sign.source and sign.shows for sign in SIGNS)
    assert PATHS == ("/api/extra/version", "/v1/health", "/v1/metadata", "/health")
    assert {"NVIDIA Dynamo", "llama-swap", "GPUStack", "Envoy AI Gateway"} == GATEWAYS


@pytest.mark.parametrize(
    ("owner", "server", "asked"),
    [
        ("openai", "uvicorn", False),
        ("nvidia", "", True),
        ("", "BaseHTTP/0.6 Python/3.12.4", True),
        ("", "nginx", False),
    ],
)
def test_health_is_asked_only_where_it_can_give_a_name(owner: str, server: str, asked: bool) -> None:
    """GET /health of a LiteLLM that nobody recognised would call every model behind it."""
    paths = worth_asking(owner, {"Server": server})
    assert ("/health" in paths) is asked
    assert "/v1/health" in paths
