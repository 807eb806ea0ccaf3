"""The dated change log of facts."""

from fleet.engines.reading import Facts, Model
from fleet.probing.changes import MOST, Difference, differences


def facts(*models: Model, version: str | None = "1.0") -> Facts:
    return Facts(version=version, models=models)


def test_the_first_reading_is_no_change():
    assert differences("", Facts(), "ollama", facts(Model("a"))) == []


def test_version_models_and_digest_are_reported():
    before = facts(Model("gone"), Model("kept", digest="a" * 64))
    after = facts(Model("kept", digest="b" * 64), Model("new"), version="1.1")
    assert differences("ollama", before, "ollama", after) == [
        Difference("version", "", "1.0", "1.1"),
        Difference("model_gone", "gone"),
        Difference("model_added", "new"),
        Difference("model_replaced", "kept", "a" * 12, "b" * 12),
    ]


def test_a_shrunk_context_is_reported_but_not_the_one_that_comes_with_loading():
    before = facts(Model("a", context_length=8192, loaded=True), Model("b", context_length=8192, loaded=False))
    after = facts(Model("a", context_length=4096, loaded=True), Model("b", context_length=4096, loaded=True))
    assert differences("ollama", before, "ollama", after) == [Difference("context", "a", "8192", "4096")]


def test_unknown_is_no_change():
    assert differences("vllm", facts(version=None), "vllm", facts(version="1.0")) == []


def test_another_engine_is_one_change_and_a_swap_of_thousands_is_one_line():
    assert differences("ollama", facts(Model("a")), "vllm", facts()) == [Difference("engine", "", "ollama", "vllm")]
    many = facts(*(Model(f"m{i}") for i in range(MOST + 1)))
    assert differences("vllm", facts(), "vllm", many) == [Difference("models", "", "0 models", f"{MOST + 1} models")]
