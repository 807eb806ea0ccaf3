"""Ollama Herd: several Ollamas behind one address."""

from tests.fake_engine import FakeEngine

from .ask import good


def test_a_herd_is_not_read_by_the_rules_of_ollama() -> None:
    with FakeEngine("ollama_herd") as gateway:
        reading = good(gateway, "ollama_herd")
        assert gateway.asked("GET /api/ps") == 0
    assert reading.facts.version == "0.11.4"
    assert {model.name for model in reading.facts.models} == {"deep:latest", "tiny:latest"}
