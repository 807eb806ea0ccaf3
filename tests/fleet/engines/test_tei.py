"""Text Embeddings Inference: one model that embeds, ranks or classifies."""

import pytest

from fleet.engines.errors import Cause
from tests.fake_engine import FakeEngine

from .ask import good, probed, requests


def test_it_offers_one_model_for_embeddings() -> None:
    with FakeEngine("tei") as engine:
        reading = good(engine, "tei")
    (model,) = reading.facts.models
    assert (model.name, model.context_length, model.capabilities) == ("BAAI/bge-m3", 8192, ("embedding",))
    assert (reading.facts.version, reading.facts.api) == ("1.9.0", {"embeddings": "yes"})
    assert (reading.load.waiting, reading.load.requests, reading.load.slots) == (3, 41, 512)


def test_a_reranker_has_no_embeddings() -> None:
    with FakeEngine("tei", "reranker") as engine:
        facts = good(engine, "tei").facts
    assert facts.models[0].capabilities == ("rerank",)
    assert facts.api == {}


def test_a_backend_that_failed_is_an_outage() -> None:
    with FakeEngine("tei", "unhealthy") as engine:
        failure = probed(engine, "tei").failure
    assert failure is not None
    assert failure.cause is Cause.SERVER_ERROR
    assert "unhealthy" in failure.detail


def test_metrics_on_a_port_of_their_own_leave_the_load_unknown() -> None:
    with FakeEngine("tei", "metrics_elsewhere") as engine:
        reading = good(engine, "tei")
    assert reading.load.waiting is None
    assert reading.facts.warnings == ()


def test_the_usual_probe_is_two_requests() -> None:
    with FakeEngine("tei") as engine:
        assert requests(good(engine, "tei", good(engine, "tei"), 30)) == ["GET /health", "GET /metrics"]


@pytest.mark.parametrize("answer", [{}, {"model_id": "m"}, {"model_id": "m", "model_type": "embedding"}])
def test_an_info_without_its_kind_of_model_is_no_outage(answer: dict[str, str]) -> None:
    with FakeEngine("tei") as engine:
        engine.put("GET /info", answer)
        assert good(engine, "tei").facts.models == ()
