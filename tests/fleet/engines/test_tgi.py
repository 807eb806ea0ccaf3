"""Text Generation Inference."""

from fleet.engines.errors import Cause
from tests.fake_engine import FakeEngine

from .ask import good, probed, requests


def test_the_first_probe_learns_model_version_and_slots() -> None:
    with FakeEngine("tgi") as engine:
        reading = good(engine, "tgi")
    (model,) = reading.facts.models
    assert (model.name, model.context_length, model.loaded) == ("bigscience/bloom-560m", 2048, True)
    assert reading.facts.version == "3.3.6"
    assert (reading.load.slots, reading.load.running, reading.load.waiting, reading.load.requests) == (128, 5, 3, 40)


def test_the_usual_probe_keeps_what_is_known() -> None:
    with FakeEngine("tgi") as engine:
        second = good(engine, "tgi", good(engine, "tgi"), 30)
    assert requests(second) == ["GET /health", "GET /metrics"]
    assert second.load.slots == 128


def test_a_503_of_its_health_is_trouble() -> None:
    with FakeEngine("tgi") as engine:
        engine.put("GET /health", {"error": "unhealthy", "error_type": "healthcheck"}, 503)
        failure = probed(engine, "tgi").failure
    assert failure is not None
    assert failure.cause is Cause.SERVER_ERROR
