"""manage.py advise: one form, many forms, and files with mistakes."""

import json
import random
import time
from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from advisor import words
from advisor.catalogue import load
from advisor.recommendation import recommend
from advisor.result.as_json import as_json
from advisor.result.as_markdown import as_markdown
from advisor.result.compute import result
from bench.advise import form
from tests.advisor import golden


def run(path, *arguments):
    out = StringIO()
    call_command("advise", str(path), *arguments, stdout=out)
    return out.getvalue()


def refused(path, *arguments):
    """What is said about a file with mistakes. Nothing may be printed as a result."""
    out = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("advise", str(path), *arguments, stdout=out)
    assert caught.value.returncode == 2
    assert out.getvalue() == ""
    return str(caught.value)


@pytest.fixture
def write(tmp_path):
    def write(text, name="form.json"):
        path = tmp_path / name
        path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("name", golden.CASES)
def test_golden_cases_as_markdown_and_as_json(write, name):
    path = write(golden.answers(name))
    data = json.loads(run(path, "--json"))
    advice = recommend(golden.answers(name), load())
    assert data["outcome"] == golden.OUTCOMES[name] == advice.outcome
    assert data["strength"] == advice.strength
    assert data["lists"]["ollama"] == {item.id: item.holds for item in advice.ollama}
    assert data["lists"]["vllm"] == {item.id: item.holds for item in advice.vllm}
    assert (data["limits"], data["notes"]) == (list(advice.limits), list(advice.notes))
    assert len(data["changes"]) == len(advice.changes) and data["catalogue_version"] == "1.1"
    markdown = run(path)
    assert markdown.startswith(f"# {words.headline(advice)}\n") and f"**{advice.strength.capitalize()}:" in markdown
    assert all(f"| {item} |" in markdown for item in data["lists"]["ollama"] | data["lists"]["vllm"])


def test_null_and_left_out_mean_do_not_know(write):
    assert json.loads(run(write({"goal": None, "machines": []}), "--json"))["lists"]["vllm"]["V5"] is None
    assert json.loads(run(write({}), "--json"))["outcome"] == "open"


def test_a_file_of_many_forms_gives_one_result_a_line_in_order(write):
    lines = [json.dumps(golden.answers(name)) for name in golden.CASES]
    path = write("\n".join(lines[:3]) + "\n\n" + "\r\n".join(lines[3:]) + "\n", "forms.jsonl")
    results = [json.loads(line) for line in run(path).splitlines()]
    assert [result["outcome"] for result in results] == list(golden.OUTCOMES.values())
    assert all(result["changes"] == [] for result in results)
    assert run(path, "--json") == run(path)


def test_many_forms_take_little_time(write):
    chance = random.Random(3)
    forms = [json.dumps(form(chance, load(), missing=chance.random() * 0.6)) for _ in range(400)]
    path = write("\n".join(forms), "forms.jsonl")
    start = time.process_time()
    assert len(run(path).splitlines()) == 400
    assert time.process_time() - start < 1.2  # 20,000 in a minute


def test_a_preview_takes_less_than_50_ms():
    chance = random.Random(4)
    took = []
    for _ in range(20):
        answers = form(chance, load(), missing=0.4)
        start = time.process_time()
        recommend(answers, load())
        took.append(time.process_time() - start)
    assert sorted(took)[-2] < 0.05


def test_unknown_ids_are_all_listed_and_nothing_is_printed(write):
    said = refused(write({"colour": "blue", "goal": "world peace", "machines": ["mac", "amiga"]}), "--json")
    assert "no question 'colour'" in said
    assert "goal has no option 'world peace'" in said and "machines has no option 'amiga'" in said
    assert "ignored" not in said


def test_mistakes_in_many_forms_are_listed_with_their_lines(write):
    path = write('{"goal": "runtime"}\n{"gaol": "runtime"}\n\n[]\n{"goal": "x"\n', "forms.jsonl")
    said = refused(path).splitlines()
    assert len(said) == 3
    assert "line 2: There is no question 'gaol'." in said[0]
    assert "line 4: must be one object" in said[1]
    assert "line 5: this is not JSON" in said[2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("goal: runtime", "not JSON"),
        ("[]", "must be one object"),
        ('"goal"', "must be one object"),
        ("null", "must be one object"),
        ('{"goal": "runtime", "goal": "serving"}', "a key is there twice"),
        ('{"goal": NaN}', "has no option"),
        ('{"machines": {"mac": true}}', "has no option"),
        ('{"goal": ["runtime", "serving"]}', "takes one option, but has 2"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_form_is_refused_in_a_sentence(write, text, said):
    assert said in refused(write(text))


def test_files_that_cannot_be_read_are_refused(tmp_path):
    assert "No such file" in refused(tmp_path / "none.json")
    assert "directory" in refused(tmp_path).lower()
    (tmp_path / "latin.json").write_bytes(b'{"goal": "\xff"}')
    assert "UTF-8" in refused(tmp_path / "latin.json")
    assert "not the name of a file" in refused("form\0.json")


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    path = tmp_path / "form.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(golden.answers("GC-01")).encode())
    assert json.loads(run(path, "--json"))["outcome"] == "lm_studio_first"


def test_an_empty_file_of_forms_gives_no_lines(write):
    assert run(write("\n\n", "forms.jsonl")) == ""


def test_json_and_markdown_name_the_day():
    found = result(golden.answers("GC-03"), on=date(2026, 12, 1))
    assert as_json(found)["on"] == "2026-12-01"
    markdown = as_markdown(found)
    assert "2026-12-01, catalogue 1.1" in markdown and "In any case on 2027-03-01." in markdown


def test_markdown_of_a_conflict_has_the_ways_out_and_no_commands(write):
    markdown = run(write(golden.answers("GC-05")))
    assert "## Ways out" in markdown and "- Allow WSL, or one Linux machine." in markdown
    assert "```" not in markdown


def test_markdown_shows_what_is_missing_and_whether_it_matters(write):
    answers = golden.answers("GC-03")
    del answers["growth"]
    markdown = run(write(answers))
    assert "This would not change it." in markdown
    assert "**Don't know**" in markdown


def test_markdown_never_invents_a_date_for_an_undated_passage(write):
    markdown = run(write(golden.answers("GC-01") | {"responses_state": "required"}))
    facts = markdown.split("## Facts used")[1]
    line = next(line for line in facts.splitlines() if "Responses API keeps no state" in line)
    assert "undated in the article" in line and "04-16" not in line
    assert "checked 2026-11-28 in a copy of 2026-08-21, same" in line
