"""What canaries do to a real Ollama: PLIMSOLL_OLLAMA_URL names one of our own, with at least one model."""

import logging
import os
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from fleet import endpoints
from fleet.models import Endpoint, EndpointLoad
from fleet.verdict.canary_due import UNUSED
from tests.fleet.watching import canary_due, probed

pytestmark = [pytest.mark.engines, pytest.mark.django_db]


class Ollama:
    """A real one, used by a client that wants another context than the default."""

    def __init__(self, url: str) -> None:
        self.url = url
        models = requests.get(f"{url}/api/tags", timeout=10).json()["models"]
        self.model = max(models, key=lambda model: int(model["size"]))["name"]

    def client_asks(self, **options: int) -> dict[str, Any]:
        """A client asks for a token with these options; the model as it is in memory then."""
        wanted = {**options, "num_predict": 1}
        body = {"model": self.model, "prompt": "Hi", "stream": False, "keep_alive": "10m", "options": wanted}
        requests.post(f"{self.url}/api/generate", json=body, timeout=120).raise_for_status()
        return self.in_memory()

    def client_sends(self, prompt: str, **options: int) -> dict[str, Any]:
        """What a client's prompt is answered, times included."""
        body = {"model": self.model, "prompt": prompt, "stream": False, "options": {"num_predict": 1, **options}}
        found = requests.post(f"{self.url}/api/generate", json=body, timeout=120)
        found.raise_for_status()
        return found.json()

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


@pytest.fixture
def measured(watched) -> Endpoint:
    EndpointLoad.objects.create(endpoint=watched, measures_waits=True)
    return watched


def test_a_canary_that_measures_waits_leaves_the_model_as_the_client_loaded_it(ollama, measured) -> None:
    """The context that it would have by default: before 0.9.7 no other is shown, see the first test."""
    loaded = ollama.client_asks()
    for _ in range(3):
        canary_due(measured)
        probed(measured)
        state = probed(measured)  # sees how the canary left the model
        again = ollama.client_asks()  # as real traffic between two canaries
        assert (again["size"], again.get("context_length")) == (loaded["size"], loaded.get("context_length"))
    counted = state.collected["counts"][ollama.model]
    assert (counted["canaries"], counted.get("caused_load", 0)) == (3, 0)
    assert ollama.client_sends("Hi")["load_duration"] < 100_000_000, "no load for the client either"


def test_a_canary_keeps_the_keep_alive_of_the_client(ollama, measured) -> None:
    ollama.client_asks()  # with ten minutes
    canary_due(measured)
    probed(measured)
    left = datetime.fromisoformat(ollama.in_memory()["expires_at"]) - datetime.now(UTC)
    assert 9 < left.total_seconds() / 60 <= 10, "by default it would be five"


def test_a_canary_shows_the_wait_behind_other_callers(ollama, measured) -> None:
    ollama.client_asks()
    over = threading.Event()

    def call() -> None:
        while not over.is_set():
            ollama.client_sends("Go on", num_predict=200)

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    try:
        for _ in range(2):  # they are at work without a break, so that their use moves no expiry
            canary_due(measured)
            probed(measured)
            state = probed(measured)
    finally:
        over.set()
        for caller in callers:
            caller.join()
    counted = state.collected["counts"][ollama.model]
    assert (counted["waited"], counted.get("unused", 0)) == (2, 0)


def test_what_a_canary_costs_the_cached_prompt_of_a_caller(ollama, measured) -> None:
    """It cannot be free: the product states it beside the switch (fleet.verdict.canary_due.MEASURING_COSTS)."""
    prompt = " ".join(f"word{n}" for n in range(90))
    ollama.client_asks()
    times = [ollama.client_sends(prompt)["prompt_eval_duration"] / 1e6 for _ in range(3)]
    canary_due(measured)
    probed(measured)
    after = ollama.client_sends(prompt)["prompt_eval_duration"] / 1e6
    figures = f"prompt evaluation: first {times[0]:.0f} ms, cached {times[-1]:.1f} ms, after a canary {after:.0f} ms"
    logging.getLogger(__name__).info(figures)
    assert after > 5 * times[-1], figures
