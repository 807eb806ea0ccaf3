"""What load verdicts say about a decision: the rules as a table, the facts, and what must hold of all of them."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.evidence.judge import ENGINES, FRESH, judge
from advisor.evidence.values import Case, Covered, State
from fleet.evidence.signals import TEAMS_CALLING
from fleet.evidence.thresholds import Support
from fleet.evidence.verdict import FIRM, Advice, Confidence, Limit, Signal, Verdict
from fleet.evidence.verdict import State as Load
from fleet.evidence.window import DAY

NOW, WEEK = 1_795_000_000, 7 * DAY
WAITED = Signal("waited_much", "Requests that waited", "34 %", "20 %", 400, Support.PROVEN, True)
QUEUE = Signal("queue_long", "Time in the queue", "under 0.3 s", "1 s", 400, Support.DOCUMENTED, False)
ENGINE_OF = {"ollama": "ollama", "lm_studio": "lmstudio", "vllm": "vllm", "both": "ollama"}


def found(load: Load, confirmed: bool = False, **more) -> Verdict:
    return Verdict(load, confirmed=confirmed, confidence=Confidence.HIGH, **more)


def box(pk: int, engine: str, *verdicts: Verdict, **more) -> Covered:
    known = {"engine_label": engine.capitalize(), "judged": NOW}
    return Covered(pk, f"box-{pk}", engine, verdicts=verdicts, **{**known, **more})


def case(choice: str, *covered: Covered, **more) -> Case:
    return Case(choice, covered, NOW, WEEK, **more)


def state_of(choice: str, load: Load, confirmed: bool = False) -> State:
    return judge(case(choice, box(1, ENGINE_OF[choice], found(load, confirmed)))).state


@pytest.mark.parametrize(
    ("choice", "load", "once", "twice"),
    [
        ("ollama", Load.FINE, State.HOLDS, State.HOLDS),
        ("ollama", Load.NOT_ENOUGH, State.NOT_ENOUGH, State.NOT_ENOUGH),
        ("ollama", Load.DISAGREE, State.STRAINED, State.STRAINED),
        ("ollama", Load.TUNE_FIRST, State.STRAINED, State.STRAINED),
        ("ollama", Load.OUTGROWN, State.STRAINED, State.CONTRADICTED),
        ("ollama", Load.CANNOT_MOVE, State.STRAINED, State.CONTRADICTED),
        ("lm_studio", Load.OUTGROWN, State.STRAINED, State.CONTRADICTED),
        ("lm_studio", Load.SATURATED, State.STRAINED, State.STRAINED),
        ("vllm", Load.OVERKILL, State.STRAINED, State.CONTRADICTED),
        ("vllm", Load.JUSTIFIED, State.HOLDS, State.HOLDS),
        ("vllm", Load.ROOM, State.HOLDS, State.HOLDS),
        ("vllm", Load.FINE, State.HOLDS, State.HOLDS),
        ("vllm", Load.SATURATED, State.STRAINED, State.STRAINED),
        ("vllm", Load.TUNE_FIRST, State.STRAINED, State.STRAINED),
        ("both", Load.OUTGROWN, State.STRAINED, State.STRAINED),
        ("both", Load.OVERKILL, State.STRAINED, State.STRAINED),
        ("both", Load.FINE, State.HOLDS, State.HOLDS),
    ],
)
def test_what_a_verdict_means_for_a_choice_seen_once_and_in_two_windows(choice, load, once, twice):
    assert (state_of(choice, load), state_of(choice, load, confirmed=True)) == (once, twice)


def test_a_finding_names_endpoint_figure_threshold_and_the_next_thing_to_try():
    tune = found(
        Load.TUNE_FIRST, limit=Limit.SLOTS, model="qwen3:8b", signals=(QUEUE, WAITED), against=("No 503.",),
        advice=(Advice("Give it a second slot.", "OLLAMA_NUM_PARALLEL=2"), Advice("Another.")),
    )  # fmt: skip
    [finding] = judge(case("ollama", box(7, "ollama", tune))).findings
    assert (finding.endpoint, finding.name) == (7, "box-7")
    assert finding.words == (
        "Tune first (likely), limit: slots, model qwen3:8b. Requests that waited: 34 %, threshold 20 %."
    )
    assert finding.against == ("No 503.",)
    assert finding.advice == "Give it a second slot. OLLAMA_NUM_PARALLEL=2"


def test_where_nothing_is_crossed_the_figures_are_shown_all_the_same():
    [finding] = judge(case("vllm", box(1, "vllm", found(Load.FINE, signals=(QUEUE,))))).findings
    assert finding.words == "Fine. Time in the queue: under 0.3 s, threshold 1 s."


def test_the_heaviest_endpoint_decides_and_comes_first():
    fine, bad = box(1, "ollama", found(Load.FINE)), box(2, "ollama", found(Load.OUTGROWN, confirmed=True))
    evidence = judge(case("ollama", fine, bad, box(3, "ollama")))
    assert [each.name for each in evidence.findings] == ["box-2", "box-3", "box-1"]
    assert evidence.state is State.CONTRADICTED


def test_one_endpoint_without_a_verdict_is_enough_not_to_hold():
    evidence = judge(case("ollama", box(1, "ollama", found(Load.FINE)), box(2, "ollama")))
    assert (evidence.state, evidence.confidence) == (State.NOT_ENOUGH, Confidence.LOW)
    assert "within an hour" in evidence.findings[0].missing[0]


def test_a_decision_without_endpoints_says_what_to_do():
    evidence = judge(case("vllm"))
    assert evidence.state is State.NOT_ENOUGH and "names the endpoints" in evidence.missing[0]


def test_gateways_are_left_out_since_they_bear_no_load_of_their_own():
    router = box(1, "litellm", gateway=True)
    assert judge(case("vllm", router, box(2, "vllm", found(Load.FINE)))).state is State.HOLDS
    assert "gateways" in judge(case("vllm", router)).missing[0]


def test_a_verdict_that_nobody_renewed_says_nothing_about_now():
    evidence = judge(case("vllm", box(1, "vllm", found(Load.FINE), judged=NOW - FRESH - 1)))
    assert evidence.state is State.NOT_ENOUGH and "last judged on" in evidence.findings[0].missing[0]


def test_what_is_missing_is_passed_on():
    little = found(Load.NOT_ENOUGH, missing=("1 of at least 3 days.", "There will be enough on 30 November."))
    [finding] = judge(case("vllm", box(1, "vllm", little))).findings
    assert finding.missing == little.missing


def test_another_engine_than_the_chosen_one_strains_and_contradicts_once_two_windows_have_it():
    covered = box(1, "vllm", found(Load.FINE))
    first = judge(case("ollama", covered))
    assert first.state is State.STRAINED and first.seen == {"engine 1": NOW}
    assert "Vllm answers there, which is not what was chosen (likely" in first.findings[0].words
    later = replace(case("ollama", replace(covered, judged=NOW + WEEK)), now=NOW + WEEK, seen=first.seen)
    assert judge(later).state is State.CONTRADICTED and judge(later).seen == first.seen
    back = replace(later, covered=(box(1, "ollama", found(Load.FINE), judged=NOW + WEEK),))
    assert judge(back).state is State.HOLDS and not judge(back).seen


@pytest.mark.parametrize("engine", ["", "openai_compatible"])
def test_an_engine_that_may_be_any_other_contradicts_nothing(engine):
    assert judge(case("ollama", box(1, engine, found(Load.FINE)))).state is State.HOLDS


def test_several_teams_contradict_answers_that_had_one():
    teams = Signal("", TEAMS_CALLING, "4", "2", 900, Support.OURS, True)
    covered = box(1, "ollama", found(Load.FINE, signals=(teams,)))
    seen = {"teams 1": NOW - WEEK}
    evidence = judge(case("ollama", covered, answers={"callers": "small_local"}, seen=seen))
    assert evidence.state is State.CONTRADICTED
    assert evidence.findings[0].words.startswith("4 teams call it by a gateway")
    assert judge(case("ollama", covered, answers={"callers": "many"}, seen=seen)).state is State.HOLDS


@pytest.mark.parametrize(
    ("machines", "on_gpu", "state"),
    [
        (["cpu"], True, State.STRAINED),
        (["cpu"], False, State.HOLDS),
        (["cpu", "one_gpu"], True, State.HOLDS),
        (["one_gpu"], False, State.STRAINED),
        (["one_gpu"], None, State.HOLDS),
        (None, False, State.HOLDS),
    ],
)
def test_a_machine_that_is_another_than_the_answers_had(machines, on_gpu, state):
    covered = box(1, "ollama", found(Load.FINE), on_gpu=on_gpu)
    assert judge(case("ollama", covered, answers={"accelerator": machines} if machines else {})).state is state


CHOICES = st.sampled_from(sorted(ENGINES))
VERDICTS = st.builds(
    lambda load, twice, sure: Verdict(load, confirmed=twice and load in FIRM, confidence=sure),
    st.sampled_from(Load), st.booleans(), st.sampled_from(Confidence),
)  # fmt: skip
ENDPOINTS = st.lists(st.tuples(st.sampled_from(["ollama", "vllm", "lmstudio", ""]), VERDICTS), min_size=1, max_size=4)


def boxes(drawn) -> list[Covered]:
    return [box(pk, engine, verdict) for pk, (engine, verdict) in enumerate(drawn)]


@given(CHOICES, ENDPOINTS)
def test_a_heavier_verdict_never_makes_the_evidence_lighter(choice, drawn):
    """From fine on: below it a verdict is about too little work, which is the heavier the less there is of it."""
    first, *rest = boxes(drawn)
    for confirmed in (False, True):
        loads = [load for load in Load if load.weight >= Load.FINE.weight]
        states = [
            judge(case(choice, replace(first, verdicts=(found(load, confirmed and load in FIRM),)), *rest)).state.weight
            for load in loads
        ]
        assert all(lighter <= heavier for lighter, heavier in pairwise(states))


@given(CHOICES, ENDPOINTS)
def test_confirming_a_verdict_never_makes_the_evidence_lighter(choice, drawn):
    first, *rest = boxes(drawn)
    likely, confirmed = (
        replace(first, verdicts=tuple(replace(each, confirmed=sure) for each in first.verdicts))
        for sure in (False, True)
    )
    assert judge(case(choice, likely, *rest)).state.weight <= judge(case(choice, confirmed, *rest)).state.weight


@given(CHOICES, ENDPOINTS, st.data())
def test_removing_verdicts_never_makes_the_evidence_surer(choice, drawn, data):
    covered = boxes(drawn)
    gone = data.draw(st.sets(st.sampled_from(range(len(covered))), min_size=1))
    fewer = [replace(each, verdicts=()) if each.pk in gone else each for each in covered]
    before, after = judge(case(choice, *covered)), judge(case(choice, *fewer))
    assert after.state is not State.HOLDS
    assert after.state is State.NOT_ENOUGH or after.state.weight <= before.state.weight
    assert list(Confidence).index(after.confidence) <= list(Confidence).index(before.confidence)


@given(CHOICES, ENDPOINTS, st.randoms())
def test_the_order_of_endpoints_does_not_matter(choice, drawn, chance):
    covered = boxes(drawn)
    shuffled = chance.sample(covered, len(covered))
    assert judge(case(choice, *covered)) == judge(case(choice, *shuffled))
