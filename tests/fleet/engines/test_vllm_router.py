"""vLLM's router and SGLang's gateway, which share their routes."""

import pytest

from fleet.engines.errors import Cause
from fleet.engines.probe import probe
from fleet.engines.reading import Backend
from tests.fake_engine import FakeEngine

from .ask import NOW, good, probed, requests

A, B = "http://127.0.0.1:27101", "http://127.0.0.1:27102"


@pytest.mark.parametrize("name", ["vllm_router", "smg"])
def test_a_router_that_serves_with_fewer_workers_is_not_judged_by_its_health_route(name: str) -> None:
    with FakeEngine(name, "one_gone") as gateway:
        gateway.put("GET /health", 'Unhealthy servers: ["http://127.0.0.1:27102"]', 503)
        assert probed(gateway, name).failure is None
        assert gateway.asked("GET /health") == 0


def test_a_router_that_drains_is_down_by_its_own_words() -> None:
    with FakeEngine("smg") as gateway:
        gateway.put("GET /readiness", {"status": "not ready", "reason": "draining"}, 503)
        failure = probed(gateway, "smg").failure
    assert failure is not None
    assert failure.cause is Cause.UNHEALTHY
    assert "draining" in failure.detail


@pytest.mark.parametrize("front", ["llamacpp", "vllm", "ollama"])
def test_a_router_is_not_taken_for_the_engine_whose_answers_it_passes_on(front: str) -> None:
    """vLLM's router gives a worker's own answer to whatever it has no route for."""
    with FakeEngine(front) as gateway, FakeEngine("vllm_router") as recorded:
        for line in ("GET /readiness", "GET /workers", "GET /list_workers"):
            status, _, body = recorded.answer(line, None)
            gateway.put(line, body, status)
        identity = probe(gateway.url).identity
    assert identity is not None
    assert identity.engine == "vllm_router"


def test_the_older_router_of_sglang_is_known() -> None:
    with FakeEngine("smg", "sglang_router") as gateway:
        reading = probe(gateway.url, now=NOW)
    assert reading.identity is not None
    assert reading.identity.engine == "smg"
    assert reading.failure is None
    assert len(reading.facts.behind) == 2


def test_the_load_of_all_workers_is_summed() -> None:
    with FakeEngine("vllm_router") as gateway:
        workers = [{"url": A, "is_healthy": True, "load": 2}, {"url": B, "is_healthy": True, "load": 3}]
        gateway.put("GET /workers", {"workers": workers})
        reading = good(gateway, "vllm_router")
    assert reading.facts.behind == (Backend(A, True, 2), Backend(B, True, 3))
    assert reading.load.running == 5


def test_the_usual_probe_of_a_router_is_two_requests() -> None:
    with FakeEngine("vllm_router") as gateway:
        second = good(gateway, "vllm_router", good(gateway, "vllm_router"), 30)
    assert requests(second) == ["GET /readiness", "GET /workers"]
