"""Olla, at its own address and under one of its prefixes."""

from fleet.engines.probe import probe
from tests.fake_engine import FakeEngine

from .ask import NOW


def test_olla_under_a_prefix_is_judged_by_its_list() -> None:
    with FakeEngine("olla", "under_prefix") as gateway:
        reading = probe(gateway.url, now=NOW)
        assert gateway.asked("GET /internal/status/endpoints") == 0
    assert reading.failure is None
    assert reading.identity is not None
    assert reading.identity.engine == "olla"
    assert [model.name for model in reading.facts.models] == ["qwen3:8b"]
    assert reading.facts.warnings == ()
