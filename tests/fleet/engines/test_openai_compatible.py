"""Any server that has a list of models."""

import pytest

from fleet.engines.errors import Cause
from fleet.engines.openai_models import is_list
from fleet.engines.probe import probe
from tests.fake_engine import FakeEngine

from .ask import good, probed, requests


def test_an_unknown_server_is_recognised_weakly() -> None:
    with FakeEngine("openai_compatible") as engine:
        reading = probe(engine.url)
    assert reading.identity is not None
    assert (reading.identity.engine, reading.identity.strong) == ("openai_compatible", False)
    assert [model.name for model in reading.facts.models] == ["my-model"]


def test_its_models_are_asked_every_time_since_nothing_else_shows_that_it_lives() -> None:
    with FakeEngine("openai_compatible") as engine:
        first = good(engine, "openai_compatible")
        engine.models(["other"])
        second = good(engine, "openai_compatible", first, 1)
    assert requests(second) == ["GET /v1/models"]
    assert [model.name for model in second.facts.models] == ["other"]


def test_a_key_it_wants_is_reported() -> None:
    with FakeEngine("openai_compatible") as engine:
        engine.api_key = "another"
        found, known = probe(engine.url).failure, probed(engine, "openai_compatible").failure
    assert found is not None
    assert known is not None
    assert (found.cause, known.cause) == (Cause.AUTH_REJECTED, Cause.AUTH_REJECTED)


@pytest.mark.parametrize("answer", [{"object": "list", "data": []}, {"data": [{"id": "a"}]}])
def test_a_proper_list(answer: object) -> None:
    assert is_list(answer)


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"data": None}, {"data": []}, {"data": [None]}, {"data": [{}]}, {"data": [{"id": 7}]}]
)
def test_not_a_proper_list(answer: object) -> None:
    assert not is_list(answer)


def test_a_server_is_shown_by_its_name() -> None:
    with FakeEngine("openai_compatible", "infinity") as engine:
        facts = good(engine, "openai_compatible").facts
    assert facts.product == "Infinity"
    assert facts.models[0].capabilities == ("embedding",)


def test_a_server_that_gives_no_owner_is_asked_for_its_name_once_an_hour() -> None:
    with FakeEngine("openai_compatible") as engine:
        engine.put("GET /api/extra/version", {"result": "KoboldCpp", "version": "1.112.2"})
        first = good(engine, "openai_compatible")
        second = good(engine, "openai_compatible", first, 600)
        assert engine.asked("GET /api/extra/version") == 1
        assert engine.asked("GET /health") == 0
    assert (first.facts.product, second.facts.product) == ("KoboldCpp", "KoboldCpp")


def test_a_name_that_cannot_be_asked_for_is_no_warning() -> None:
    with FakeEngine("openai_compatible") as engine:
        engine.put("*", "Forbidden", 403)
        facts = good(engine, "openai_compatible").facts
    assert facts.product is None
    assert facts.warnings == ()
