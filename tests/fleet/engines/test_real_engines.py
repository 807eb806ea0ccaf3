"""The same against real servers: PLIMSOLL_OLLAMA_URL, PLIMSOLL_VLLM_URL and the others below name them.

They must offer at least one model, where they list models at all. Nothing is generated, so they may be in use.
"""

import os
import time

import pytest

from fleet.engines.probe import probe
from fleet.engines.reading import Reading

pytestmark = pytest.mark.engines


def real(variable: str) -> Reading:
    """The first probe of the server named by an environment variable, found out by itself."""
    url = os.environ.get(variable)
    if not url:
        pytest.skip(f"{variable} is not set")
    return probe(url, api_key=_key(variable), timeout=20, now=time.time())


def _key(variable: str) -> str | None:
    """PLIMSOLL_LITELLM_KEY for PLIMSOLL_LITELLM_URL."""
    return os.environ.get(variable.replace("_URL", "_KEY"))


def steady(variable: str, first: Reading) -> Reading:
    assert first.identity is not None, first.failure
    engine, now = first.identity.engine, first.at + 30
    url, key = os.environ[variable], _key(variable)
    return probe(url, engine=engine, known=first.facts, api_key=key, timeout=20, now=now)


def test_a_real_ollama() -> None:
    first = real("PLIMSOLL_OLLAMA_URL")
    second = steady("PLIMSOLL_OLLAMA_URL", first)
    assert first.identity is not None
    assert (first.identity.engine, first.failure, second.failure) == ("ollama", None, None)
    assert first.facts.version
    assert first.load.busy is not None
    assert all(model.capabilities and model.context_length for model in first.facts.models[:8])
    assert [exchange.request for exchange in second.exchanges][:1] == ["GET /api/version"]
    assert "GET /api/tags" not in [exchange.request for exchange in second.exchanges]


def test_a_real_vllm() -> None:
    first = real("PLIMSOLL_VLLM_URL")
    second = steady("PLIMSOLL_VLLM_URL", first)
    assert first.identity is not None
    assert (first.identity.engine, first.failure, second.failure) == ("vllm", None, None)
    assert first.facts.version
    assert any(model.context_length for model in first.facts.models)
    assert None not in (second.load.running, second.load.waiting, second.load.generation_tokens)
    assert second.load.sleep_state == "awake"
    assert [exchange.request for exchange in second.exchanges] == ["GET /health", "GET /metrics"]


@pytest.mark.parametrize(
    ("variable", "engine"),
    [
        ("PLIMSOLL_LLAMACPP_URL", "llamacpp"),
        ("PLIMSOLL_LITELLM_URL", "litellm"),
        ("PLIMSOLL_OPENWEBUI_URL", "open_webui"),
        ("PLIMSOLL_PORTKEY_URL", "portkey"),
    ],
)
def test_another_real_server(variable: str, engine: str) -> None:
    first = real(variable)
    second = steady(variable, first)
    assert first.identity is not None
    assert (first.identity.engine, first.failure, second.failure) == (engine, None, None)


@pytest.mark.parametrize(
    ("variable", "engine"),
    [
        ("PLIMSOLL_VLLM_ROUTER_URL", "vllm_router"),
        ("PLIMSOLL_SMG_URL", "smg"),
        ("PLIMSOLL_OLLAMA_HERD_URL", "ollama_herd"),
    ],
)
def test_a_real_gateway_shows_what_is_behind_it(variable: str, engine: str) -> None:
    first = real(variable)
    second = steady(variable, first)
    assert first.identity is not None
    assert (first.identity.engine, first.failure, second.failure) == (engine, None, None)
    assert first.facts.models
    assert second.facts.behind
    assert second.load.running is not None
