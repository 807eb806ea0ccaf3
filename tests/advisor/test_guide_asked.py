"""The guide's page of what a probe asks: complete, since operators rely on it."""

import pytest

from advisor.guide import pages
from advisor.guide.search import search
from fleet.engines.questions import Engine
from fleet.engines.registry import ENGINES


def page() -> str:
    found = pages.find("what-is-asked")
    assert found is not None
    return pages.markdown(found)


@pytest.mark.parametrize("engine", ENGINES.values(), ids=list(ENGINES))
def test_the_page_has_every_request_of_every_question_with_its_cost(engine: Engine):
    part = page().partition(f"### {engine.LABEL} {{#{engine.NAME}}}")[2].partition("###")[0]
    rows = {row.split(" | ")[0].removeprefix("| "): row for row in part.splitlines() if row.startswith("| ")}
    assert all(f"`{request}`" in rows["health"] for request in engine.HEALTH)
    for question in engine.QUESTIONS:
        if question.asks:
            row = rows[question.name]
            assert all(f"`{request}`" in row for request in question.asks)
            assert question.cost in row and "every " in row
    assert len(rows) == 2 + sum(bool(question.asks) for question in engine.QUESTIONS)


def test_open_webui_is_asked_for_its_models_every_five_minutes_as_the_page_says():
    (models,) = (question for question in ENGINES["open_webui"].QUESTIONS if question.name == "models")
    assert models.every == 300


@pytest.mark.parametrize(
    ("engine", "path"),
    [("litellm", "GET /health"), ("llamacpp", "GET /props?model="), ("openai_compatible", "GET /terminate")],
)
def test_what_the_page_says_is_not_asked_is_not(engine: str, path: str):
    module = ENGINES[engine]
    asked = [*module.HEALTH, *(request for question in module.QUESTIONS for request in question.asks)]
    assert f"`{path}`" in page() and path not in asked


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("what does plimsoll ask my server", "what-is-asked"),
        ("cost of a probe", "what-is-asked"),
        ("canary tokens", "load"),  # "What a canary costs"
    ],
)
def test_the_page_is_found_by_those_who_run_the_server(query: str, page: str):
    assert page in [hit.passage.page.slug for hit in search(query).hits[:3]]
