"""The router of vLLM's production stack."""

from fleet.engines.errors import Cause
from fleet.engines.probe import probe
from tests.fake_engine import FakeEngine

from .ask import good, probed


def test_the_production_stack_sums_the_figures_of_its_engines() -> None:
    with FakeEngine("production_stack") as gateway:
        reading = good(gateway, "production_stack")
    assert (reading.load.running, reading.facts.version) == (4, "0.1.9")
    assert [backend.running for backend in reading.facts.behind] == [3, 1]


def test_the_production_stack_is_known_without_its_metrics() -> None:
    with FakeEngine("production_stack") as gateway:
        gateway.put("GET /metrics", "Forbidden", 403)
        identity = probe(gateway.url).identity
    assert identity is not None
    assert identity.engine == "production_stack"


def test_a_part_of_the_production_stacks_router_that_is_down_is_named() -> None:
    with FakeEngine("production_stack") as gateway:
        gateway.put("GET /health", {"status": "Engine stats scraper is down."}, 503)
        failure = probed(gateway, "production_stack").failure
    assert failure is not None
    assert failure.cause is Cause.UNHEALTHY
    assert "Engine stats scraper is down." in failure.detail
