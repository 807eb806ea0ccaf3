"""What canaries do to a real Ollama: PLIMSOLL_OLLAMA_URL names one of our own, with at least one model."""

import os
from typing import Any

import pytest
import requests

from fleet import endpoints
from fleet.models import Endpoint
from fleet.verdict.canary_due import UNUSED
from tests.fleet.watching import canary_due, probed

pytestmark = [pytest.mark.engines, pytest.mark.django_db]


class Ollama:
    """A real one, used by a client that wants another context than the default."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.model = requests.get(f"{url}/api/tags", timeout=10).json()["models"][0]["name"]

    def client_asks(self, **options: int) -> dict[str, Any]:
        """A client asks for a token with these options; the model as it is in memory then."""
        wanted = {**options, "num_predict": 1}
        body = {"model": self.model, "prompt": "Hi", "stream": False, "keep_alive": "10m", "options": wanted}
        requests.post(f"{self.url}/api/generate", json=body, timeout=120).raise_for_status()
        return self.in_memory()

    def in_memory(self) -> dict[str, Any]:
        found = requests.get(f"{self.url}/api/ps", timeout=10).json()["models"]
        return next(model for model in found if model["name"] == self.model)


@pytest.fixture
def ollama() -> Ollama:
    return Ollama(os.environ.get("PLIMSOLL_OLLAMA_URL") or pytest.skip("PLIMSOLL_OLLAMA_URL is not set"))


@pytest.fixture
def watched(team, ollama) -> Endpoint:
    return endpoints.add(team, name="real", url=ollama.url, engine="ollama", timeout=20, canary_models=[ollama.model])


def test_canaries_load_a_clients_model_again_once_at_most(ollama, watched) -> None:
    loaded = ollama.client_asks(num_ctx=8192)
    state = probed(watched)
    assert (state.status, state.canary["ok"]) == ("up", True)
    shows_context = "context_length" in loaded  # since 0.9.7
    assert (ollama.in_memory()["size"] == loaded["size"]) is shows_context
    assert ("ended" in state.canary) is not shows_context
    ollama.client_asks(num_ctx=8192)
    for _ in range(3):
        probed(watched)
        canary_due(watched)
        probed(watched)
        assert ollama.in_memory()["size"] == loaded["size"]


def test_canaries_end_where_clients_use_an_option_that_cannot_be_seen(ollama, watched) -> None:
    ollama.client_asks(num_batch=64)
    assert probed(watched).canary["ended"]["model"] == ollama.model
    left = ollama.client_asks(num_batch=64)
    for _ in range(3):
        probed(watched)
        canary_due(watched)
        probed(watched)
    assert ollama.in_memory() == left


def test_canaries_do_not_keep_a_model_in_memory_that_nobody_uses(ollama, watched) -> None:
    default = {"model": ollama.model, "prompt": "", "stream": False}
    requests.post(f"{ollama.url}/api/generate", json=default, timeout=120).raise_for_status()
    assert probed(watched).canary["ok"] is True
    left = ollama.in_memory()["expires_at"]
    for _ in range(3):
        probed(watched)
        canary_due(watched)
        state = probed(watched)
        assert state.canary["why"] == UNUSED
    assert ollama.in_memory()["expires_at"] == left
