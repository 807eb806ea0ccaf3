"""Open WebUI: a gateway that answers 200 to every path."""

from fleet.engines.errors import Cause
from tests.fake_engine import FakeEngine

from .ask import good, probed, requests


def test_without_a_key_its_models_are_unknown_and_that_is_reported() -> None:
    with FakeEngine("openwebui") as engine:
        facts = good(engine, "open_webui").facts
    assert (facts.version, facts.models) == ("0.6.30", ())
    assert "API key" in facts.warnings[0]


def test_with_a_key_its_models_are_listed() -> None:
    with FakeEngine("openwebui", "with_key") as engine:
        facts = good(engine, "open_webui").facts
    assert [model.name for model in facts.models] == ["qwen3:8b"]
    assert facts.warnings == ()


def test_the_usual_probe_is_one_request() -> None:
    with FakeEngine("openwebui") as engine:
        assert requests(good(engine, "open_webui", good(engine, "open_webui"), 30)) == ["GET /health"]


def test_its_web_page_in_the_place_of_its_health_is_trouble() -> None:
    with FakeEngine("openwebui") as engine:
        engine.drop("GET /health")
        failure = probed(engine, "open_webui").failure
    assert failure is not None
    assert failure.cause is Cause.NOT_JSON
