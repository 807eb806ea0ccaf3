"""What a result says besides its headline: the answers behind a reason, and what it costs to be wrong."""

import pytest

from advisor import words
from advisor.catalogue import load
from advisor.recommendation import recommend
from tests.advisor import golden


def test_a_reason_names_the_answers_that_count_and_no_others():
    answers = golden.answers("GC-03") | {"callers": "small_local", "load": "some", "accelerator": ["apple", "tpu"]}
    assert words.because("V4", answers, load()) == "a product, an accelerator other than a GPU"


def test_a_limit_names_all_answers_that_it_rests_on():
    assert words.because("G1", golden.answers("GC-05"), load()) == "Windows PCs, native Windows only"


def test_every_reason_of_every_golden_case_names_an_answer():
    for case in golden.CASES:
        answers = golden.answers(case)
        assert all(words.because(id, answers, load()) for id in recommend(answers, load()).reasons)


@pytest.mark.parametrize(
    ("answers", "sign"),
    [
        ({}, "Nothing is decided yet"),
        (golden.answers("GC-03"), "stand idle"),
        ({"responses_state": "required"}, "does not keep the state as your clients need it"),
        (golden.answers("GC-04"), "wait for each other"),
        (golden.answers("GC-05"), "does not start on native Windows"),
        ({"responses_state": "required", "machines": ["windows"], "linux_route": "native_only"}, "without an error"),
    ],
)
def test_a_wrong_result_has_a_price_and_a_sign(answers, sign):
    assert sign in words.if_wrong(recommend(answers, load()))


@pytest.mark.parametrize("callers", ["me", "small_local", "many", "both"])
@pytest.mark.parametrize("case", ["GC-01", "GC-02", "GC-03", "GC-04"])
def test_the_price_of_being_wrong_assumes_nothing_about_callers_that_were_named(case, callers):
    price = words.if_wrong(recommend(golden.answers(case) | {"callers": callers}, load()))
    assert "many callers" not in price and "few callers" not in price


def test_a_conflict_of_a_limit_with_the_lists_is_not_settled_before_the_lists():
    for case in ({}, {"responses_state": "required", "os_floor": "met"}):
        strength = words.summary(recommend(golden.answers("GC-05") | case, load())).strength
        assert ("lists collide" in strength) == (not case)
        assert ("before the lists are weighed" in strength) == bool(case)
