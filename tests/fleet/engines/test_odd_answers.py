"""Whatever a server answers where an engine expects something else: a typed cause or less knowledge, no stumbling."""

import json
import logging
from typing import Any

import pytest

from fleet.engines.probe import probe
from fleet.engines.registry import ENGINES
from tests.fake_engine import ENGINES as SAMPLED
from tests.fake_engine import SAMPLES, FakeEngine, load_samples

from .ask import good, probed

NAMES = {"openwebui": "open_webui"}
ODD: tuple[Any, ...] = (None, [], {}, "", "x", "7", 7, -1, 1.5, 10**30, True, [None], [[]], ["x"], [{}], {"a": 1})
"""What comes in the place of a value."""


def variants(value: Any) -> list[Any]:
    """`value` with each part of it replaced by each odd thing, one at a time."""
    found = list(ODD)
    parts = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, part in parts:
        for odd in variants(part):
            changed = dict(value) if isinstance(value, dict) else list(value)
            changed[key] = odd
            found.append(changed)
    return found


def json_samples() -> list[tuple[str, str, str]]:
    found = []
    for folder in SAMPLED:
        for variant in ["", *sorted(f.name for f in (SAMPLES / folder).iterdir() if f.is_dir())]:
            for request, (_, _, body) in load_samples(SAMPLES / folder / variant).items():
                if folder != "website" and request != "*" and body[:1] in (b"{", b"["):
                    found.append((folder, variant, request))
    return found


@pytest.mark.parametrize(("folder", "variant", "request_line"), json_samples())
def test_no_value_makes_a_module_stumble(
    folder: str, variant: str, request_line: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = NAMES.get(folder, folder)
    value = json.loads(load_samples(SAMPLES / folder / variant)[request_line][2])
    odd = variants(value)
    with FakeEngine(folder, variant) as engine, caplog.at_level(logging.WARNING, "fleet.engines"):
        for answer in odd[:: max(1, len(odd) // 25)]:
            engine.put(request_line, answer)
            probed(engine, name)
            assert not caplog.records, f"stumbled over {answer!r}: {caplog.records[-1].exc_text}"


@pytest.mark.parametrize("folder", SAMPLED)
@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"<html>", b"null", b"[" * 5000], ids=repr)
def test_finding_out_who_answers_survives_any_body(folder: str, body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with FakeEngine(folder) as engine, caplog.at_level(logging.WARNING, "fleet.engines"):
        for request in load_samples(SAMPLES / folder):
            engine.put(request, body)
        reading = probe(engine.url)
    assert reading.failure is not None
    assert not caplog.records


@pytest.mark.parametrize(
    ("folder", "request_line"), [("ollama", "GET /api/tags"), ("openai_compatible", "GET /v1/models")]
)
def test_of_50000_models_a_thousand_are_kept_and_the_rest_is_reported(folder: str, request_line: str) -> None:
    field, key = ("models", "name") if folder == "ollama" else ("data", "id")
    with FakeEngine(folder) as engine:
        engine.put(request_line, {"object": "list", field: [{key: f"m{n}"} for n in range(50_000)]})
        reading = good(engine, folder, timeout=10.0)
    assert len(reading.facts.models) == 1000
    assert reading.facts.warnings == ("Showing 1,000 of 50,000 models.",)


def test_of_50000_loaded_models_a_thousand_are_kept_besides_the_offered() -> None:
    with FakeEngine("ollama") as engine:
        engine.put("GET /api/tags", {"models": [{"name": f"offered {n}"} for n in range(50_000)]})
        engine.put("GET /api/ps", {"models": [{"name": f"{n}"} for n in range(50_000)]})
        reading = good(engine, "ollama", timeout=10.0)
    assert len(reading.facts.models) == 2000


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_that_is_replaced_by_a_website_is_trouble(name: str) -> None:
    with FakeEngine("website") as engine:
        assert probed(engine, name).failure is not None
