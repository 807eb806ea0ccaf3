"""Servers that pass requests on: what is behind them counts, and what they pass on is not taken for their own."""

import pytest

from fleet.engines.errors import Cause
from fleet.engines.registry import GATEWAYS
from fleet.verdict.status import find
from tests.fake_engine import FakeEngine

from .ask import good, probed

A, B = "http://127.0.0.1:27101", "http://127.0.0.1:27102"
BEHIND = {
    "vllm_router": {A, B},
    "smg": {A, B},
    "production_stack": {"http://10.0.0.7:8000", "http://10.0.0.8:8000"},
    "ollama_herd": {"gpu1"},
    "olla": {"gpu1", "gpu2"},
}
"""Gateways that show what is behind them, by the names in the samples."""


@pytest.mark.parametrize("name", [*BEHIND, "portkey"])
def test_each_is_marked_as_a_gateway(name: str) -> None:
    assert name in GATEWAYS


@pytest.mark.parametrize("name", BEHIND)
def test_it_is_up_with_all_that_is_behind_it(name: str) -> None:
    with FakeEngine(name) as gateway:
        reading = good(gateway, name)
    assert {backend.name for backend in reading.facts.behind} == BEHIND[name]
    assert all(backend.healthy for backend in reading.facts.behind)
    assert reading.facts.models
    assert reading.load.running is not None
    assert find(reading).cause is None


@pytest.mark.parametrize("name", ["vllm_router", "smg", "production_stack", "olla"])
def test_one_gone_of_two_is_trouble_that_names_it(name: str) -> None:
    with FakeEngine(name, "one_gone") as gateway:
        reading = good(gateway, name)
    assert [backend.healthy for backend in reading.facts.behind].count(False) == 1
    finding = find(reading)
    assert finding.cause is Cause.BACKEND_GONE
    assert any(backend.name in finding.detail for backend in reading.facts.behind if backend.healthy is False)


@pytest.mark.parametrize("name", BEHIND)
def test_nothing_left_behind_it_is_an_outage(name: str) -> None:
    with FakeEngine(name, "all_gone") as gateway:
        assert find(probed(gateway, name)).cause is Cause.NOTHING_BEHIND


@pytest.mark.parametrize(
    ("name", "request_line", "answer", "status"),
    [
        ("vllm_router", "GET /readiness", {"status": "not_ready", "reason": "no healthy workers available"}, 503),
        ("ollama_herd", "GET /fleet/status", {"fleet": {"nodes_total": 0, "nodes_online": 0}, "nodes": []}, 200),
        ("olla", "GET /internal/status/endpoints", {"endpoints": [], "total_count": 0}, 200),
        ("production_stack", "GET /v1/models", {"object": "list", "data": []}, 200),
    ],
)
def test_a_gateway_that_was_given_nothing_is_an_outage(
    name: str, request_line: str, answer: object, status: int
) -> None:
    with FakeEngine(name) as gateway:
        gateway.put(request_line, answer, status)
        assert find(probed(gateway, name)).cause is Cause.NOTHING_BEHIND


@pytest.mark.parametrize(
    ("name", "request_line"),
    [
        ("vllm_router", "GET /workers"),
        ("smg", "GET /workers"),
        ("production_stack", "GET /metrics"),
        ("ollama_herd", "GET /fleet/status"),
        ("olla", "GET /internal/status/endpoints"),
    ],
)
@pytest.mark.parametrize("status", [401, 404, 500])
def test_what_it_does_not_show_is_no_trouble(name: str, request_line: str, status: int) -> None:
    with FakeEngine(name) as gateway:
        gateway.put(request_line, {"error": "no"}, status)
        reading = good(gateway, name)
    assert reading.facts.behind == ()
    assert reading.load.running is None
    assert find(reading).cause is None
