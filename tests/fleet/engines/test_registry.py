"""Every server is recognised as itself and as nobody else."""

import pytest

from fleet.engines.errors import Cause
from fleet.engines.probe import probe
from fleet.engines.registry import ENGINES, label
from tests.fake_engine import ENGINES as SAMPLED
from tests.fake_engine import SAMPLES, FakeEngine

from .ask import requests, visiting

NAME_OF = {"openwebui": "open_webui", "website": None}
"""The engine that the samples in a folder are of, where it is not the folder's name."""

WEAK = {"openai_compatible"}
"""Recognises what others recognise too, and is asked last."""

PASSED_ON = {"vllm_router": {"llamacpp", "vllm"}, "production_stack": {"vllm"}, "olla": {"ollama"}}
"""What these gateways pass on is an engine's own, so they are asked before it."""


def played() -> list[tuple[str, str]]:
    """Each folder of samples with each of its variants."""
    variants = {name: [f.name for f in (SAMPLES / name).iterdir() if f.is_dir()] for name in SAMPLED}
    return [(name, variant) for name in SAMPLED for variant in ["", *sorted(variants[name])]]


def expected(folder: str, variant: str) -> str | None:
    return NAME_OF.get(folder, folder)


@pytest.mark.parametrize(("folder", "variant"), played())
def test_each_server_is_recognised_as_itself(folder: str, variant: str) -> None:
    with FakeEngine(folder, variant) as engine:
        identity = probe(engine.url).identity
    assert (identity.engine if identity else None) == expected(folder, variant)


@pytest.mark.parametrize(("folder", "variant"), played())
def test_nobody_else_takes_it_for_their_own(folder: str, variant: str) -> None:
    with FakeEngine(folder, variant) as engine, visiting(engine) as visit:
        takers = {name for name, module in ENGINES.items() if name not in WEAK and module.identify(visit)}
    assert takers - PASSED_ON.get(folder, set()) <= {expected(folder, variant)}


@pytest.mark.parametrize("folder", [name for name in SAMPLED if name != "website"])
def test_the_proof_names_a_request_that_was_made(folder: str) -> None:
    with FakeEngine(folder) as engine:
        reading = probe(engine.url)
    assert reading.identity is not None
    assert any(request in reading.identity.proof for request in requests(reading)), reading.identity.proof


@pytest.mark.parametrize(("folder", "most"), [("llamacpp", 2), ("ollama", 5), ("vllm", 6)])
def test_the_common_engines_are_found_with_few_requests(folder: str, most: int) -> None:
    with FakeEngine(folder) as engine:
        exchanges = probe(engine.url).exchanges
    assert sum(exchange.step in ("connect", "identify") for exchange in exchanges) <= most


@pytest.mark.parametrize("folder", SAMPLED)
def test_finding_out_never_posts(folder: str) -> None:
    with FakeEngine(folder) as engine, visiting(engine) as visit:
        for module in ENGINES.values():
            module.identify(visit)
        assert not [request for request in engine.requests if not request.startswith("GET ")]


def test_engines_that_answer_200_to_everything_are_not_taken_for_others() -> None:
    with FakeEngine("website") as engine:
        engine.put("*", {"error": "Unexpected endpoint or method."})
        failure = probe(engine.url).failure
    assert failure is not None
    assert failure.cause is Cause.NOT_RECOGNISED


def test_a_host_name_that_ollama_refuses_is_reported_as_that() -> None:
    with FakeEngine("ollama") as engine:
        engine.status = 403
        failure = probe(engine.url).failure
    assert failure is not None
    assert failure.cause is Cause.HOST_REJECTED


def test_a_base_url_with_a_path_is_recognised() -> None:
    with FakeEngine("ollama", prefix="/e/7") as engine:
        reading = probe(engine.url)
        assert reading.identity is not None
        assert reading.identity.engine == "ollama"
        assert reading.facts.version == "0.9.3"


@pytest.mark.parametrize("name", ENGINES)
def test_each_module_is_registered_under_its_own_name(name: str) -> None:
    assert name == ENGINES[name].NAME
    assert label(name) == ENGINES[name].LABEL


def test_an_unknown_name_is_its_own_label() -> None:
    assert label("something_new") == "something_new"
