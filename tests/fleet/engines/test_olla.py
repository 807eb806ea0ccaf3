"""Olla, at its own address and under one of its prefixes."""

from fleet.engines.counters import EVERY
from fleet.engines.probe import probe
from fleet.engines.reading import BEHIND
from tests.fake_engine import FakeEngine

from .ask import NOW, good, requests


def test_olla_under_a_prefix_is_judged_by_its_list() -> None:
    with FakeEngine("olla", "under_prefix") as gateway:
        reading = probe(gateway.url, now=NOW)
        assert gateway.asked("GET /internal/status/endpoints") == 0
    assert reading.failure is None
    assert reading.identity is not None
    assert reading.identity.engine == "olla"
    assert [model.name for model in reading.facts.models] == ["qwen3:8b"]
    assert reading.facts.warnings == ()


def test_the_requests_to_each_server_behind_it_are_counted_by_address_without_another_request() -> None:
    with FakeEngine("olla") as gateway:
        first = good(gateway, "olla")
        soon = good(gateway, "olla", first, 15)
        later = good(gateway, "olla", soon, EVERY)
    assert [(each.model, each.counts) for each in first.counted] == [
        (f"{BEHIND}gpu1:11434", {"requests": 7}),
        (f"{BEHIND}gpu2:11434", {"requests": 7}),
    ]
    assert (soon.counted, len(later.counted)) == ((), 2)
    assert requests(later).count("GET /internal/status/endpoints") == 1
    assert "GET /metrics" not in requests(later)
