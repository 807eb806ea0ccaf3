"""LiteLLM proxy: a gateway, whose /health must never be asked."""

from fleet.engines.errors import Cause
from fleet.engines.probe import probe
from fleet.engines.registry import GATEWAYS
from tests.fake_engine import FakeEngine

from .ask import MINUTE, good, probed, requests


def test_it_is_marked_as_a_gateway() -> None:
    with FakeEngine("litellm") as engine:
        facts = good(engine, "litellm").facts
    assert "litellm" in GATEWAYS
    assert (facts.version, [model.name for model in facts.models]) == ("1.80.0", ["gpt-4o"])


def test_the_check_that_calls_every_model_is_never_asked() -> None:
    with FakeEngine("litellm") as engine:
        first = probe(engine.url)
        good(engine, "litellm", first, 10 * MINUTE)
        assert engine.asked("GET /health") == 0


def test_the_usual_probe_is_one_request() -> None:
    with FakeEngine("litellm") as engine:
        assert requests(good(engine, "litellm", good(engine, "litellm"), 30)) == ["GET /health/readiness"]


def test_a_gateway_that_shuts_down_is_trouble() -> None:
    with FakeEngine("litellm", "shutting_down") as engine:
        failure = probed(engine, "litellm").failure
    assert failure is not None
    assert failure.cause is Cause.SERVER_ERROR
