"""Answers as they come in from links, forms and files, and as they go out in links."""

from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.catalogue import load
from advisor.recommendation import recommend
from advisor.recommendation.answers import clean, to_query
from tests.advisor import golden


def test_valid_answers_pass_unchanged_with_lists_as_tuples():
    answers, ignored = clean(golden.answers("GC-06"), load())
    assert ignored == []
    assert answers["machines"] == ("mac", "linux_server") and answers["goal"] == "both"


@pytest.mark.parametrize("nothing", [None, "", [], ()])
def test_nothing_is_do_not_know(nothing):
    assert clean({"goal": nothing, "machines": nothing}, load()) == ({}, [])


def test_unknown_questions_and_options_are_named_and_the_rest_is_kept():
    answers, ignored = clean({"goal": "runtime", "colour": "blue", "machines": ["mac", "amiga"], "pain": "all"}, load())
    assert answers == {"goal": "runtime", "machines": ("mac",)}
    assert len(ignored) == 3
    assert all(any(odd in sentence for sentence in ignored) for odd in ("'colour'", "'amiga'", "'all'"))


@pytest.mark.parametrize("odd", [True, 3, 1.5, {"a": 1}, [["mac"]], [{"x": 1}], b"mac", "mac\0", "x" * 5000])
def test_odd_values_are_ignored_and_reported_in_short(odd):
    answers, ignored = clean({"goal": odd, "machines": odd}, load())
    assert answers == {}
    assert len(ignored) == 2 and all(len(sentence) < 120 for sentence in ignored)


def test_two_options_for_a_question_of_one_are_no_answer():
    answers, ignored = clean({"goal": ["runtime", "serving"], "pain": ["none"], "api": ["swap", "swap"]}, load())
    assert answers == {"pain": "none", "api": "swap"}
    assert "goal takes one option" in ignored[0]


def test_a_single_value_is_a_list_of_one_where_lists_are_asked():
    assert clean({"machines": "mac"}, load()) == ({"machines": ("mac",)}, [])


@pytest.mark.parametrize("given", ["multi_gpu", ["apple", "multi_gpu"], ("cpu", "tpu", "multi_gpu")])
def test_a_link_with_one_accelerator_comes_to_the_same_as_one_with_several(given):
    raw = golden.answers("GC-03") | {"accelerator": given}
    answers, ignored = clean(raw, load())
    assert ignored == []
    for form in (raw, answers):
        advice = recommend(form, load())
        assert advice.outcome == "vllm" and next(item for item in advice.vllm if item.id == "V4").holds


def test_small_accelerators_together_are_no_deployment():
    small = {"callers": "me", "accelerator": ["apple", "one_gpu"], "load": "some", "stage": "prototype"}
    assert next(item for item in recommend(small, load()).vllm if item.id == "V4").holds is False


def test_options_come_once_and_in_the_order_of_the_form():
    answers, _ = clean({"machines": ["linux_pc", "mac", "mac"]}, load())
    assert answers == {"machines": ("mac", "linux_pc")}


@pytest.mark.parametrize("name", golden.CASES)
def test_a_link_brings_the_same_answers_back(name):
    answers, _ = clean(golden.answers(name), load())
    assert clean(parse_qs(to_query(answers)), load()) == (answers, [])


def test_the_same_answers_make_the_same_link_in_any_order():
    answers, _ = clean(golden.answers("GC-06"), load())
    assert to_query(dict(reversed(answers.items()))) == to_query(answers)
    assert "machines=mac&machines=linux_server" in to_query(answers)


json_values = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from([*golden.FIELDS, "other"]) | st.text(), json_values))
def test_nothing_that_json_can_hold_raises(raw):
    answers, ignored = clean(raw, load())
    assert set(answers) <= set(golden.FIELDS)
    assert all(sentence.endswith("so it was ignored.") for sentence in ignored)
