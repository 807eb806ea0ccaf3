"""One computation: function, page, Markdown, JSON and command line say the same of a form."""

import json
from html import unescape
from io import StringIO
from urllib.parse import urlencode

import pytest
from django.core.management import call_command

from advisor import words
from advisor.catalogue import load
from advisor.recommendation import recommend
from tests.advisor import forms, golden

FORMS = {
    **{name: (golden.answers(name), golden.OUTCOMES[name]) for name in golden.CASES},
    "B-1": (forms.PIN_1, "vllm"),
    "B-2": (forms.PIN_2, "start_with_ollama"),
    "B-3": (forms.PIN_3, "start_with_ollama"),
    "B-3, serving hurts": (forms.PIN_3 | {"pain": "serving"}, "vllm"),
    "only a goal": ({"goal": "serving"}, "open"),
    "only state": ({"responses_state": "required"}, "vllm"),
    "only native Windows": ({"machines": ["windows"], "linux_route": "native_only"}, "ollama"),
    "half of a conflict": (forms.case("GC-05", pain=None, stage=None, growth=None, linux_route=None), "vllm"),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_way_to_ask_gives_the_same_result(client, db, tmp_path, name):
    answers, outcome = FORMS[name]
    answers = {question: answer for question, answer in answers.items() if answer is not None}
    advice = recommend(answers, load())
    query = urlencode(answers, doseq=True)
    headline = words.headline(advice)
    page = unescape(client.get(f"/advisor/result/?{query}").content.decode())
    markdown = client.get(f"/advisor/result.md?{query}").content.decode()
    data = client.get(f"/advisor/result.json?{query}").json()
    file = tmp_path / "form.json"
    file.write_text(json.dumps(answers))
    out = StringIO()
    call_command("advise", str(file), "--json", stdout=out)
    printed = json.loads(out.getvalue())

    assert advice.outcome == outcome == data["outcome"] == printed["outcome"]
    assert advice.strength == data["strength"] == printed["strength"]
    assert headline == data["headline"] == printed["headline"]
    assert f"<h1>{headline}</h1>" in page and markdown.startswith(f"# {headline}\n")
    assert f"chip-{advice.strength}" in page and f"**{advice.strength.capitalize()}" in markdown
    assert data["lists"] == printed["lists"]
    assert data["lists"]["vllm"] == {item.id: item.holds for item in advice.vllm}
    assert data["limits"] == printed["limits"] == list(advice.limits)
