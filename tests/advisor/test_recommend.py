"""What answers come to: golden cases, pins, and each part of a recommendation."""

import pytest

from advisor.catalogue import load
from advisor.recommendation import after, recommend
from tests.advisor import golden
from tests.advisor.forms import PIN_1, PIN_2, PIN_3, case


def of(answers, **options):
    return recommend(answers, load(), **options)


@pytest.mark.parametrize("name", golden.CASES)
def test_golden_cases_come_out_as_the_method_says(name):
    advice = of(case(name))
    assert advice.outcome == golden.OUTCOMES[name]
    assert advice.strength == golden.STRENGTHS.get(name, advice.strength)


def counts(advice):
    return tuple(sum(item.holds is True for item in items) for items in (advice.ollama, advice.vllm))


@pytest.mark.parametrize(
    ("answers", "expected", "outcome"),
    [
        (PIN_1, (2, 3), "vllm"),
        (PIN_2, (3, 2), "start_with_ollama"),
        (PIN_3, (3, 3), "start_with_ollama"),
        (PIN_3 | {"pain": "serving"}, (3, 3), "vllm"),
    ],
)
def test_pins_for_most_is_three(answers, expected, outcome):
    advice = of(answers)
    assert counts(advice) == expected
    assert (advice.outcome, advice.strength) == (outcome, "leaning")


def test_nothing_answered_is_open_and_names_what_would_settle_it():
    advice = of({})
    assert (advice.outcome, advice.strength) == ("open", "open")
    assert len(advice.unanswered) == 14 and "machines" in advice.matter
    assert advice.next_question in advice.matter
    assert advice.changes == () and advice.reasons == ()
    assert {item.holds for item in advice.ollama + advice.vllm} == {None}
    assert advice.unknown_limits == ("G1", "G2", "G3")


def test_exactly_half_unanswered_is_enough():
    answers = dict(list(PIN_1.items())[:7])
    assert of(answers).outcome != "open"
    del answers["api"]
    assert of(answers).outcome == "open"


def test_conditional_questions_count_as_unanswered_only_where_they_apply():
    assert "linux_route" not in of({"machines": ["windows", "mac"]}).unanswered
    assert "os_floor" in of({"machines": ["windows", "mac"]}).unanswered
    assert {"linux_route", "os_floor"} <= set(of({"machines": ["windows"]}).unanswered)
    assert not {"linux_route", "os_floor"} & set(of({"machines": ["linux_pc"]}).unanswered)


def test_an_answer_to_a_question_that_does_not_apply_is_ignored():
    plain = of(case("GC-03"))
    assert of(case("GC-03", linux_route="native_only", os_floor="not_met")) == plain


@pytest.mark.parametrize("nothing", [None, "", [], ()])
def test_null_and_empty_mean_do_not_know(nothing):
    without = {key: value for key, value in case("GC-01").items() if key != "machines"}
    assert of(case("GC-01", machines=nothing)) == of(without)


def test_lists_and_tuples_are_the_same_answer():
    assert of(case("GC-06", machines=("mac", "linux_server"), scaling=("prefix_cache",))) == of(case("GC-06"))


def test_an_item_fed_by_four_questions_is_false_only_when_all_four_say_so():
    def v4(answers):
        return next(item.holds for item in of(answers).vllm if item.id == "V4")

    light = {"callers": "me", "accelerator": "one_gpu", "load": "some", "stage": "prototype"}
    assert v4(light) is False
    assert v4({key: value for key, value in light.items() if key != "stage"}) is None
    for question, value in {"callers": "both", "accelerator": "tpu", "load": "many", "stage": "product"}.items():
        assert v4({question: value}) is True
        assert v4(light | {question: value}) is True


@pytest.mark.parametrize(
    ("changed", "limits"),
    [
        ({"machines": ["windows"], "linux_route": "native_only"}, ("G1",)),
        ({"machines": ["windows"], "linux_route": "possible"}, ()),
        ({"machines": ["windows", "mac"], "linux_route": "native_only"}, ()),
        ({"responses_state": "required"}, ("G2",)),
        ({"os_floor": "not_met"}, ("G3",)),
        ({"os_floor": "not_met", "machines": ["mac", "linux_server"]}, ()),
        ({"os_floor": "not_met", "machines": ["windows", "linux_pc"]}, ()),
        (
            {
                "machines": ["windows"],
                "linux_route": "native_only",
                "os_floor": "not_met",
                "responses_state": "required",
            },
            ("G1", "G2", "G3"),
        ),
    ],
)
def test_limits_are_judged_by_machine(changed, limits):
    assert of(case("GC-01", **changed)).limits == limits


@pytest.mark.parametrize(
    ("name", "changed", "outcome"),
    [
        ("GC-02", {"growth": "yes"}, "start_with_ollama"),
        ("GC-02", {"pain": "serving"}, "start_with_ollama"),
        ("GC-02", {"responses_state": "required"}, "conflict"),
        ("GC-01", {"responses_state": "required"}, "conflict"),
        ("GC-01", {"callers": "small_local"}, "ollama"),
        ("GC-01", {"front_ends": "both"}, "ollama"),
        ("GC-01", {"front_ends": "both", "growth": "yes"}, "start_with_ollama"),
        ("GC-01", {"api": "contract"}, "ollama"),
        ("GC-01", {"api": "contract", "stage": "product"}, "start_with_ollama"),
        ("GC-03", {"responses_state": "required"}, "vllm"),
        ("GC-06", {"responses_state": "required"}, "split"),
        ("GC-06", {"goal": "serving", "callers": "many"}, "vllm"),
        ("GC-06", {"goal": "serving", "callers": "many", "pain": "access"}, "start_with_ollama"),
    ],
)
def test_rows_of_the_table(name, changed, outcome):
    assert of(case(name, **changed)).outcome == outcome


def test_one_missing_answer_about_a_limit_makes_a_clear_result_lean():
    answers = case("GC-01", front_ends="both")
    assert of(answers).strength == "clear"
    assert of(answers | {"responses_state": None}).strength == "leaning"
    assert "responses_state" in of(answers | {"responses_state": None}).matter


def test_a_missing_answer_that_cannot_matter_changes_nothing():
    advice = of(case("GC-03", growth=None))
    assert advice.strength == "clear"
    assert advice.unanswered == ("growth",) and advice.matter == () and advice.next_question is None


def test_a_split_is_our_inference_and_never_clear():
    advice = of(case("GC-06"))
    assert advice.strength == "leaning"
    assert next(outcome for outcome in load().outcomes if outcome.id == "split").ours


@pytest.mark.parametrize(
    ("answers", "note"),
    [
        (case("GC-03", machines=["mac"], os_floor="met"), "linux_host_first"),
        (case("GC-03", responses_state="required"), "verify_responses_state"),
        (case("GC-01", os_floor="not_met"), "old_machine"),
        (case("GC-06", responses_state="required"), "split_by_limit"),
        (PIN_3 | {"pain": "serving"}, "pain_decides"),
        (PIN_1, "first_failure_mode"),
        (case("GC-04", pain="serving"), "second_failure_mode"),
        (case("GC-04", accelerator="tpu"), "tpu_silent"),
    ],
)
def test_notes_are_there_when_they_should_be_and_not_otherwise(answers, note):
    assert note in of(answers).notes
    assert note not in of(case("GC-02")).notes


def test_a_named_linux_machine_needs_no_linux_host_first():
    assert "linux_host_first" not in of(case("GC-03")).notes
    assert "linux_host_first" not in of(case("GC-03", machines=["linux_pc"])).notes


def test_reasons_are_at_most_three_and_limits_come_first():
    assert of(case("GC-05")).reasons == ("G1", "V3", "V4")
    assert of(case("GC-01")).reasons == ("O2", "O3", "O5")
    assert of(case("GC-06")).reasons == ("V3", "O2", "V4")


def test_every_change_leads_to_another_engine_and_is_what_it_says():
    engines = {"ollama": "o", "start_with_ollama": "o", "lm_studio_first": "o", "vllm": "v"}
    for name in golden.CASES:
        before = of(case(name))
        for change in before.changes:
            later = of(case(name, **dict(change.answers)))
            assert (later.outcome, later.strength) == (change.verdict.outcome, change.verdict.strength)
            assert engines.get(later.outcome, later.outcome) != engines.get(before.outcome, before.outcome)
            assert change.limit == (later.limits != before.limits)


def test_changes_are_nearest_first_minimal_and_at_most_three_answers():
    changes = of(case("GC-05")).changes
    sizes = [len(change.answers) for change in changes]
    assert sizes == sorted(sizes) and sizes[0] >= 1 and sizes[-1] <= 3
    sets = [set(change.answers) for change in changes]
    assert not any(one < other for one in sets for other in sets)


def test_one_answer_turns_the_first_pin():
    single = [change for change in of(PIN_1).changes if len(change.answers) == 1 and not change.limit]
    assert (("goal", "runtime"),) in [change.answers for change in single]
    assert all(change.verdict.outcome == "start_with_ollama" for change in single)


def test_hardware_and_policy_are_marked_as_hard_to_change():
    hard = {change.answers[0][0]: change.hard for change in of(case("GC-05")).changes if len(change.answers) == 1}
    assert hard == {"machines": True, "linux_route": True}


def test_an_accelerator_goes_without_the_others_that_are_named():
    form = PIN_3 | {"goal": "runtime", "pain": "serving", "accelerator": ["apple", "multi_gpu", "tpu"]}
    moves = [dict(change.answers) for change in of(form).changes]
    assert [move["accelerator"] for move in moves if set(move) == {"accelerator"}] == [("apple",)]


def test_nobody_is_advised_to_use_a_mac():
    for name in golden.CASES:
        advice = of(case(name))
        for way in (dict(change.answers) for change in advice.changes):
            assert "mac" not in set(way.get("machines", ())) - set(case(name)["machines"])
            assert way.get("accelerator") != "apple"


def test_ways_out_of_a_conflict_fewest_changes_first_and_all_of_them_end_it():
    advice = of(case("GC-05"))
    assert advice.ways_out == ("allow_linux", "linux_tier", "drop_shared_tier")
    for way in advice.ways_out:
        assert of(after(way, advice_answers())).outcome not in ("conflict", "open")


def advice_answers():
    return {key: tuple(value) if isinstance(value, list) else value for key, value in case("GC-05").items()}


def test_two_limits_at_once_need_steps_that_go_together():
    answers = case("GC-02", responses_state="required", os_floor="not_met")
    ways = of(answers).ways_out
    assert "keep_state_in_app+update_system" in ways
    assert of(after("keep_state_in_app+update_system", answers)).outcome == "ollama"


def test_only_a_conflict_has_ways_out():
    assert [of(case(name)).ways_out == () for name in golden.CASES] == [True, True, True, True, False, True]


def test_without_changes_everything_else_is_the_same():
    whole, short = of(case("GC-05")), of(case("GC-05"), changes=False)
    assert short.changes == () and short.ways_out == ()
    assert (short.outcome, short.strength, short.notes, short.matter) == (
        whole.outcome, whole.strength, whole.notes, whole.matter,
    )  # fmt: skip


def test_how_far_the_weights_could_move():
    assert "more than 1.5 times" in of(PIN_3).weights[0] and "other 2 lines" in of(PIN_3).weights[0]
    assert "more than 4 times" in of(case("GC-05")).weights[0]
    assert "no weights" in of(case("GC-01")).weights[0]
    assert of({}).weights == ()


def test_triggers_leave_out_what_is_already_so():
    assert "shared_endpoint" in of(case("GC-04")).triggers
    assert "needs_scaling" not in of(case("GC-04", scaling=["prefix_cache"])).triggers
    assert "linux_allowed" in of(case("GC-02")).triggers
    assert "ollama_keeps_state" in of(case("GC-03", responses_state="required")).triggers


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"load": "many"}, "many_calls_just_me"),
        ({"stage": "product"}, "product_just_me"),
        ({"callers": "many"}, "individual_many_callers"),
        ({"scaling": ["none", "scheduling"]}, "none_and_some"),
        ({"scaling": ["multi_node"]}, "runtime_but_nodes"),
        ({"pain": "serving"}, "serving_pain_occasional"),
        ({"machines": ["linux_pc"]}, "apple_without_mac"),
        ({"responses_state": "required", "api": "none"}, "state_without_api"),
        ({"accelerator": "one_gpu", "scaling": ["tensor_parallel"]}, "tensor_one_gpu"),
    ],
)
def test_answers_that_rarely_go_together_are_pointed_out(changed, expected):
    assert expected in of(case("GC-01", **changed)).contradictions
    assert of(case("GC-01")).contradictions == ()


def test_the_catalogue_version_is_on_the_result():
    assert of({}).catalogue_version == load().version
