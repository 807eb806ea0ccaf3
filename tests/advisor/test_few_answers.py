"""What is known decides, however much is unanswered; a headline names what it hangs on."""

import pytest

from advisor import words
from advisor.catalogue import load
from advisor.recommendation import recommend
from tests.advisor.forms import case

NATIVE = {"machines": ["windows"], "linux_route": "native_only"}
STATE = {"responses_state": "required"}
SERVED = {
    "goal": "serving", "callers": "many", "machines": ["linux_server"], "accelerator": "multi_gpu", "load": "many",
    "stage": "product",
}  # fmt: skip


def of(answers):
    return recommend(answers, load())


@pytest.mark.parametrize(
    ("answers", "outcome", "strength", "says"),
    [
        ({}, "open", "open", ["Not enough answers yet (0 of 14)."]),
        ({"goal": "serving"}, "open", "open", ["Not enough answers yet (1 of 14)", "point to vLLM (1 : 0)"]),
        ({"pain": "serving"}, "open", "open", ["Not enough answers yet", "serving is what hurts", "speaks for vllm"]),
        (STATE, "vllm", "leaning", ["Ollama is ruled out", "vLLM may fit", "Verify that it keeps the state"]),
        (NATIVE, "ollama", "leaning", ["vLLM does not run on native Windows", "unless many need one server"]),
        (NATIVE | STATE, "conflict", "settled", ["Neither engine fits", "One of the two has to give"]),
        (
            NATIVE | STATE | {"os_floor": "not_met"},
            "conflict",
            "settled",
            ["native Windows, Ollama keeps no Responses state and Ollama", "At least one of these has to give"],
        ),
        (SERVED, "vllm", "leaning", ["vLLM", "3 of 5", "what people use it through", "what hurts"]),
        ({"machines": ["mac"], "os_floor": "not_met"}, "vllm", "leaning", ["systems this old", "vLLM may fit"]),
        ({"callers": "me", "workflow": "quick_start", "priority": "setup"}, "ollama", "leaning", ["3 of 5"]),
        ({"goal": "runtime", "front_ends": "both"}, "open", "open", ["point to Ollama (1 : 0)"]),
        ({"callers": "both"}, "open", "open", ["speak for both alike (1 : 1)"]),
        ({"callers": "me", "pain": "serving"}, "open", "open", ["point to Ollama", "but serving is what hurts"]),
    ],
)
def test_what_is_known_speaks_however_much_is_unanswered(answers, outcome, strength, says):
    advice = of(answers)
    assert (advice.outcome, advice.strength) == (outcome, strength)
    headline = words.headline(advice).lower()
    assert all(part.lower() in headline for part in says), headline


@pytest.mark.parametrize("answers", [{"goal": "serving"}, {"pain": "serving"}, {"api": "both", "load": "many"}])
def test_open_beside_a_serving_answer_never_mentions_a_default(answers):
    summary = words.summary(of(answers))
    whole = " ".join((summary.headline, summary.meaning, summary.strength, *summary.notes))
    assert "default" not in whole and "Ollama" not in whole


@pytest.mark.parametrize(
    ("answers", "unless"),
    [
        (case("GC-05", linux_route=None), "unless neither WSL nor a Linux machine is possible"),
        (case("GC-01", responses_state=None), "unless the server must keep Responses state"),
        (case("GC-04", responses_state=None), "unless the server must keep Responses state"),
        (case("GC-01", machines=["mac"], os_floor=None), "unless the systems are too old for Ollama"),
        (case("GC-02", responses_state=None), "unless the server must keep Responses state"),
    ],
)
def test_a_leaning_that_hangs_on_one_unanswered_limit_says_so(answers, unless):
    advice = of(answers)
    assert advice.strength == "leaning" and len(advice.decisive) == 1
    assert unless in words.headline(advice) and "Use vLLM" not in words.headline(advice)


def test_a_limit_among_many_open_answers_is_named_first():
    advice = of(case("GC-05", linux_route=None, workflow=None, priority=None, goal=None, api=None, scaling=None))
    assert advice.decisive[0] == "linux_route"
    assert "whether WSL or Linux is possible" in words.headline(advice)


@pytest.mark.parametrize("name", ["GC-02", "GC-04"])
def test_serving_pain_against_both_lists_is_in_the_headline(name):
    advice = of(case(name, pain="serving"))
    assert advice.outcome == "start_with_ollama"
    assert "serving" in words.headline(advice) and "tune" in words.headline(advice)


def test_lists_for_ollama_with_a_serving_pain_say_tune_first_then_move():
    answers = case("GC-04", callers="both", stage="growing_api", goal="runtime", pain="serving")
    assert "tune Ollama first, then move to vLLM" in words.headline(of(answers))


def test_settled_means_that_no_missing_answer_leads_to_a_conflict():
    assert of(case("GC-02", scaling=None, load="many", api="contract")).strength == "leaning"
    assert of(case("GC-02", growth=None)).strength == "settled"
    assert of(case("GC-03", responses_state="required")).strength == "settled"
    unknown = dict.fromkeys(("api", "scaling", "goal", "front_ends", "workflow", "priority"))
    assert of(case("GC-03", responses_state="required", **unknown)).strength == "leaning"


def test_a_conflict_with_ollama_ruled_out_calls_vllm_too_much_instead_of_too_small():
    summary = words.summary(of(case("GC-01", responses_state="required")))
    assert "vLLM is more than" in summary.headline and "too small" not in summary.headline + summary.meaning
    assert summary.other_side == "Why the other is more than you need"
    assert words.summary(of(case("GC-05"))).other_side == "What the other is too small for"
    both = words.summary(of(case("GC-02", responses_state="required")))
    assert both.other_side == "What rules the other out" and "too small" not in both.headline


@pytest.mark.parametrize(
    ("answers", "fits"),
    [
        (case("GC-01", responses_state="required"), True),
        (case("GC-02", responses_state="required"), True),
        (case("GC-01", responses_state="required", os_floor="not_met"), False),
        (case("GC-03", responses_state="required"), False),
        (case("GC-05", responses_state="required"), False),
        (case("GC-01", os_floor="not_met"), False),
    ],
)
def test_lm_studio_is_a_way_out_where_it_is_one(answers, fits):
    advice = of(answers)
    assert ("lm_studio_keeps_state" in advice.notes) == fits
    assert any("lm_studio" in way.split("+") for way in advice.ways_out) == fits


def test_a_split_under_limits_names_every_condition_of_ollamas_part():
    limited = case("GC-06", machines=["mac"], os_floor="not_met", responses_state="required", scaling=["scheduling"])
    headline = words.headline(of(limited))
    assert "for whoever needs no Responses state once their systems are updated" in headline


def test_no_change_is_offered_that_nobody_would_bring_about():
    forms = [case("GC-01"), case("GC-02", linux_route="possible"), case("GC-04", machines=["mac"], os_floor=None)]
    for answers in forms:
        offered = [pair for change in of(answers).changes for pair in change.answers]
        assert offered and ("os_floor", "not_met") not in offered and ("linux_route", "native_only") not in offered


def test_an_open_result_gives_the_lines_that_hold_and_the_next_question_as_the_first_thing_to_do():
    advice = of({"goal": "serving"})
    assert advice.reasons == ("V5",) and advice.action == "answer" and advice.next_question in advice.matter
    assert of(case("GC-05")).action == "change" and of(case("GC-03")).action == "record"
