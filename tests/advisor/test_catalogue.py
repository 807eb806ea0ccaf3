"""The catalogue's files: that ours are in order, and that every kind of mistake is found and named."""

import dataclasses
import shutil
from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command

from advisor import checks, guide, words
from advisor.catalogue import CatalogueError, load
from advisor.catalogue.consistency import inconsistencies
from advisor.catalogue.load import HERE
from advisor.catalogue.values import UNDATED
from advisor.recommendation import recommend
from advisor.recommendation.effects import _OPTIONS, BIT
from advisor.recommendation.ways_out import STEPS


def test_the_ids_of_questions_and_options_are_those_of_the_interface():
    ids = {question.id: [option.id for option in question.options] for question in load().questions}
    assert ids == {
        "goal": ["runtime", "serving", "both"],
        "callers": ["me", "small_local", "many", "both"],
        "machines": ["mac", "windows", "linux_pc", "linux_server"],
        "linux_route": ["native_only", "possible"],
        "os_floor": ["met", "not_met"],
        "accelerator": ["cpu", "apple", "one_gpu", "multi_gpu", "tpu"],
        "api": ["swap", "contract", "none", "both"],
        "responses_state": ["required", "not_needed"],
        "load": ["occasional", "some", "many"],
        "scaling": ["none", "data_parallel", "tensor_parallel", "prefix_cache", "multi_node", "scheduling"],
        "front_ends": ["local_tools", "own_app", "both"],
        "priority": ["setup", "architecture", "both"],
        "workflow": ["quick_start", "server_setup", "both"],
        "pain": ["access", "serving", "none"],
        "stage": ["individual", "prototype", "growing_api", "product"],
        "growth": ["yes", "no"],
    }
    assert [question.id for question in load().questions if question.many] == ["machines", "accelerator", "scaling"]


def test_every_line_of_a_help_text_explains_one_term():
    for question in load().questions:
        assert all(term and explained for term, explained in question.terms), question.id


def test_every_option_has_words_for_a_reason_that_differ_from_all_others():
    shorts = [option.short for question in load().questions for option in question.options]
    assert len(set(shorts)) == len(shorts)


def test_groups_come_in_order_and_hold_their_questions_together():
    groups = [question.group for question in load().questions]
    assert list(dict.fromkeys(groups)) == ["who", "machines", "api", "load"]
    assert groups == sorted(groups, key=["who", "machines", "api", "load"].index)


def test_what_questions_say_they_feed_is_what_their_answers_do():
    marks = {"two": "SP", "serving": "T1", "growth": "R1", "runtime": "E1", "me": "E1", "tools": "E1"}
    by_id = {question.id: question for question in load().questions}
    for question, options in _OPTIONS.items():
        assert set(options) == {option.id for option in by_id[question].options}
        done = {marks.get(name, name) for names in options.values() for name in names}
        assert done <= set(by_id[question].feeds) and done
    assert {item.id for item in load().items} | {limit.id for limit in load().limits} < set(BIT)


def test_only_the_passages_that_the_article_dates_carry_a_date():
    for fact in load().facts:
        assert (fact.article_date == "2026-04-16") == (fact.section in ("S00", "S06a", "S06b"))
        assert fact.article_date in ("2026-04-16", UNDATED)


def test_all_facts_were_checked_again_in_copies_whose_dates_they_have():
    copies = {"ollama": date(2026, 8, 21), "vllm": date(2026, 11, 2)}
    assert len(load().facts) == 21
    for fact in load().facts:
        assert fact.last_checked == date(2026, 11, 28) and fact.copy_date == copies[fact.id.split("-")[0]]


def test_facts_that_moved_say_to_what():
    moved = {fact.id: fact for fact in load().facts if fact.state == "changed"}
    assert set(moved) == {
        *("ollama-three-systems", "ollama-windows-gpus", "ollama-linux-gpus", "ollama-local-ecosystem"),
        *("vllm-windows-lead", "vllm-gpu-linux", "vllm-hardware", "vllm-docker"),
    }
    assert all(fact.now for fact in moved.values())


def test_what_a_fact_says_is_plain_text_as_pages_show_it_without_markdown():
    assert not [fact.id for fact in load().facts for text in (fact.text, fact.now) if set(text) & set("`*[]|<>")]


def test_the_version_is_the_newest_line_of_the_change_log():
    assert load().version == load().changelog[0][0] == "1.1"


def test_every_way_out_has_words():
    assert set(words.WAYS_OUT) == set(STEPS)


@pytest.fixture
def folder(tmp_path):
    for path in HERE.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    return tmp_path


def mistakes_of(folder, name, old, new):
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load(folder)
    return "\n".join(caught.value.mistakes)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("sections.yaml", "- {id: S00", "- {id: [S00", "sections.yaml is not YAML"),
        ("items.yaml", "  when_true:", "  when_treu:", "items.yaml, O1: unknown key 'when_treu'"),
        ("items.yaml", "  when_false: No machine", "  # No machine", "O1: the key 'when_false' is missing"),
        ("items.yaml", "criteria: [K06, K10]", "criteria: K06", "O1, criteria: must be a list, not 'K06'"),
        ("items.yaml", "criteria: [K06, K10]", "criteria: [6]", "O1, criteria: must be a list of texts, not [6]"),
        ("questions.yaml", "many: true", "many: often", "machines, many: must be true or false, not 'often'"),
        ("questions.yaml", '{id: "yes", ', "{id: yes, ", "growth, option 1, id: must be a text, not True"),
        ("facts.yaml", "last_checked: 2026-11-28", "last_checked: today", "must be a date, not 'today'"),
        ("facts.yaml", "last_checked: 2026-11-28", "last_checked:", "last_checked: must be a date, not None"),
        ("facts.yaml", "last_checked: 2026-11-28", "#", "ollama-three-systems: the key 'last_checked' is missing"),
        ("facts.yaml", "last_checked: 2026-11-28", "last_checked: 2026-11-28T10:00:00", "must be a date, not datetime"),
        ("facts.yaml", "copy_date: 2026-08-21", "copy_date: August 2026", "must be a date, not 'August 2026'"),
        ("facts.yaml", "copy_date: 2026-08-21", "copy_date: 2026-08-32", "facts.yaml is not YAML"),
        ("facts.yaml", "copy_date: 2026-08-21", "copy_date: undated", "must be a date, not 'undated'"),
        ("facts.yaml", "copy_date: 2026-08-21", "#", "ollama-three-systems: the key 'copy_date' is missing"),
        ("facts.yaml", 'article_date: "2026-04-16"', "#", "the key 'article_date' is missing"),
        ("facts.yaml", "  source: ", "  # ", "ollama-three-systems: the key 'source' is missing"),
        ("facts.yaml", "  source: ", "  source: # ", "source: must be a text, not None"),
        ("facts.yaml", "  source: ", '  source: " " # ', "source: must be a text, not ' '"),
        ("facts.yaml", "  source: ", "  source: [docs] # ", "source: must be a text, not ['docs']"),
        ("changelog.yaml", "date: 2026-11-28", "date: 2026-11-28 10:00:00", "changelog.yaml, entry 1: needs a version"),
        ("facts.yaml", "text: Ollama is aimed", 'text: ""  # ', "must be a text, not ''"),
        ("outcomes.yaml", "- id: open", "- open", "outcomes.yaml is not YAML"),
        ("changelog.yaml", 'version: "1.1"', "version: 1.1", "changelog.yaml, entry 1: needs a version (a text)"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_place(folder, name, old, new, said):
    assert said in mistakes_of(folder, name, old, new)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("items.yaml", "- id: O2", "- id: O1", "The id O1 is used 2 times"),
        ("items.yaml", "sections: [S10, S00", "sections: [S99, S00", "O1 names the section S99"),
        ("items.yaml", "sections: [S10, S00, S01, S06a]", "sections: []", "O1 names no section"),
        ("items.yaml", "questions: [workflow]", "questions: [pain]", "feeds O2, which does not name it"),
        ("items.yaml", "questions: [workflow]", "questions: []", "The item O2 has no question"),
        ("items.yaml", "engine: ollama", "engine: olama", "O1 speaks for olama"),
        ("items.yaml", "[K06, K10]", "[K06, C10]", "names the criterion C10"),
        ("questions.yaml", "group: who", "group: whom", "goal is in the group whom"),
        ("questions.yaml", "feeds: [T1]", "feeds: []", "The question pain feeds nothing"),
        ("questions.yaml", "feeds: [T1]", "feeds: [T9]", "The question pain feeds T9"),
        ("questions.yaml", "feeds: [G2]", "feeds: [R1]", "No question feeds the limit G2"),
        ("questions.yaml", "{id: swap,", "{id: none,", "The question api has an option twice"),
        ("limits.yaml", "removes: vllm", "removes: sglang", "G1 removes sglang"),
        ("limits.yaml", "[vllm-no-native-windows]", "[no-windows]", "rests on the fact no-windows"),
        ("limits.yaml", "facts: [vllm-no-native-windows]", "facts: []", "The limit G1 rests on no fact"),
        ("facts.yaml", "state: same", "state: fine", "has the state fine"),
        ("facts.yaml", "state: same", "state: not rechecked", "has the state not rechecked"),
        ("facts.yaml", "copy_date: 2026-08-21", "copy_date: 2026-12-01", "in a copy of 2026-12-01, which is later"),
        ("facts.yaml", "last_checked: 2026-11-28", "last_checked: 2062-11-28", "after the newest version (2026-11-28)"),
        ("facts.yaml", '"2026-04-16"', "April 2026", "neither a date nor undated"),
        ("facts.yaml", "  now: There are 26", "  # There are 26", "changed, but does not say to what"),
    ],
)
def test_parts_that_do_not_fit_together_are_named(folder, name, old, new, said):
    assert said in mistakes_of(folder, name, old, new)


def test_a_missing_file_an_empty_one_and_one_that_is_no_list_are_all_named_at_once(folder):
    (folder / "items.yaml").unlink()
    (folder / "facts.yaml").write_text("", encoding="utf-8")
    (folder / "limits.yaml").write_text("a: 1", encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load(folder)
    assert [mistake.split()[0] for mistake in caught.value.mistakes] == ["items.yaml", "limits.yaml", "facts.yaml"]


def test_entries_that_are_not_keys_and_values_are_named(folder):
    (folder / "sections.yaml").write_text("- just text\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"sections.yaml, entry 1: must be keys and values"):
        load(folder)


def test_a_version_without_a_line_or_with_two_and_a_wrong_order_are_found():
    good = load()
    assert inconsistencies(good) == []
    assert "has no line" in inconsistencies(dataclasses.replace(good, version="9.9"))[0]
    older = ("1.0", date(2027, 1, 1), "again")
    found = inconsistencies(dataclasses.replace(good, changelog=(*good.changelog, older)))
    assert any("two lines" in mistake for mistake in found) and any("newest first" in mistake for mistake in found)


def test_changing_a_text_needs_no_code(folder):
    path = folder / "limits.yaml"
    path.write_text(path.read_text("utf-8").replace("when_applies: Every", "when_applies: Each"), encoding="utf-8")
    catalogue = load(folder)
    advice = recommend({"machines": ["windows"], "linux_route": "native_only"}, catalogue)
    assert words.limit_state(catalogue.limits[0], advice)[1].startswith("Each machine")
    assert recommend({}, catalogue).outcome == "open"


def test_the_command_says_that_ours_is_in_order():
    out = StringIO()
    call_command("checkcatalogue", stdout=out)
    assert out.getvalue() == "Catalogue 1.1 is in order: 16 questions, 10 items, 21 facts.\n"


def test_the_system_check_finds_nothing_in_ours():
    assert checks.check_catalogue() == []


def test_an_id_without_a_place_in_the_guide_is_a_mistake(monkeypatch):
    left = guide.anchors() - {guide.anchor("V3"), guide.anchor("K32")}
    monkeypatch.setattr(guide, "anchors", lambda: left)
    assert [message.id for message in checks.check_catalogue()] == ["advisor.E001"] * 2
    err = StringIO()
    with pytest.raises(SystemExit) as caught:
        call_command("checkcatalogue", stderr=err)
    assert caught.value.code == 1
    assert "no place for V3" in err.getvalue() and "no place for K32" in err.getvalue()


def test_a_broken_catalogue_is_reported_by_the_check_instead_of_a_traceback(monkeypatch):
    mistakes = ["items.yaml can't be read.", "facts.yaml can't be read."]

    def broken():
        raise CatalogueError(mistakes)

    monkeypatch.setattr(checks, "load", broken)
    assert [message.msg for message in checks.check_catalogue()] == mistakes
