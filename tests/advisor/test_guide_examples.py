"""The worked examples: what the page says of each team is what the advisor answers today."""

import re
from html import unescape

import pytest
from django.test import Client

from advisor.catalogue import load
from advisor.guide import pages
from advisor.guide.examples import EXAMPLES, Example
from advisor.recommendation import recommend
from advisor.recommendation.answers import clean

CATALOGUE = load()
RESULTS = {
    "startup": ("start_with_ollama", "clear"),
    "gpu-box": ("vllm", "leaning"),
    "department": ("start_with_ollama", "settled"),
    "product": ("vllm", "clear"),
    "researcher": ("start_with_ollama", "leaning"),
    "mac-studio": ("start_with_ollama", "leaning"),
    "agents": ("conflict", "settled"),
    "laptops-and-tier": ("split", "leaning"),
}
"""What the prose of the page explains. A change of the method that moves one of them has to change its prose."""


def section(id: str) -> str:
    html = pages.rendered(pages.find("examples")).html  # type: ignore[arg-type]
    return unescape(html.split(f'id="{id}"')[1].split("<h2")[0])


@pytest.mark.parametrize("id", EXAMPLES)
def test_the_prose_explains_the_result_that_the_advisor_gives(id: str):
    advice = recommend(EXAMPLES[id].answers(CATALOGUE), CATALOGUE, changes=False)
    assert (advice.outcome, advice.strength) == RESULTS[id]
    assert f'href="/guide/criteria/#{advice.outcome}"' in section(id)
    assert f", {advice.strength}." in section(id)


@pytest.mark.django_db
@pytest.mark.parametrize("id", EXAMPLES)
def test_the_links_open_the_form_filled_in_and_the_same_result(client: Client, id: str):
    form, result = re.findall(r'href="(/advisor/[^"]*)"', section(id))
    html = unescape(client.get(form).content.decode())
    for question, option in EXAMPLES[id].raw.items():
        for value in [option] if isinstance(option, str) else option:
            ticked = re.search(rf'<input[^>]*name="{question}"[^>]*value="{value}"[^>]*>', html)
            assert ticked and "checked" in ticked[0], (question, value)
    assert client.get(result).status_code == 200


@pytest.mark.parametrize("id", EXAMPLES)
def test_an_example_answers_every_question_that_applies(id: str):
    advice = recommend(EXAMPLES[id].answers(CATALOGUE), CATALOGUE, changes=False)
    assert advice.unanswered == ()
    assert clean(EXAMPLES[id].raw, CATALOGUE)[1] == []


def test_an_example_with_an_answer_that_the_form_no_longer_has_is_a_mistake():
    with pytest.raises(ValueError, match="no option"):
        Example("old", {"goal": "a crystal ball"}).answers(CATALOGUE)
