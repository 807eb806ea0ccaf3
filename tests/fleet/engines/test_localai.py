"""LocalAI, which looks like Ollama in many places."""

from fleet.engines.errors import Cause
from tests.fake_engine import FakeEngine

from .ask import good, probed, requests


def test_the_first_probe_learns_models_version_and_api() -> None:
    with FakeEngine("localai") as engine:
        facts = good(engine, "localai").facts
    assert [model.name for model in facts.models] == ["gemma-3-4b"]
    assert (facts.version, facts.api) == ("v4.9.0", {"chat": "yes", "embeddings": "yes"})


def test_the_usual_probe_is_one_request() -> None:
    with FakeEngine("localai") as engine:
        assert requests(good(engine, "localai", good(engine, "localai"), 30)) == ["GET /readyz"]


def test_a_server_that_is_not_ready_is_loading() -> None:
    with FakeEngine("localai", "starting") as engine:
        failure = probed(engine, "localai").failure
    assert failure is not None
    assert (failure.cause, failure.step) == (Cause.LOADING, "health")
