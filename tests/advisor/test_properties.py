"""What must hold for any answers at all: over the whole reduced state space, and for random forms."""

from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor import words
from advisor.catalogue import load
from advisor.recommendation import recommend
from advisor.recommendation.effects import BIT, alternatives, applies, effects, known, total
from advisor.recommendation.judge import ENGINE, outcome, state
from advisor.recommendation.recommend import judged
from advisor.recommendation.values import OUTCOMES, STRENGTHS

pytestmark = pytest.mark.slow

ITEMS = [*(f"O{n}" for n in range(1, 6)), *(f"V{n}" for n in range(1, 6))]
LONE = BIT["runtime"] | BIT["me"] | BIT["tools"]
TOWARD_VLLM = {"ollama": 0, "start_with_ollama": 0, "lm_studio_first": 0, "split": 1, "vllm": 2}

ROWS = (
    (lambda s, o, v: not s.no_vllm and o and v and s.two_audiences, "split"),
    (lambda s, o, v: s.no_vllm and s.no_ollama, "conflict"),
    (lambda s, o, v: s.no_vllm and v, "conflict"),
    (lambda s, o, v: s.no_vllm and (s.growth or s.serving_hurts), "start_with_ollama"),
    (lambda s, o, v: s.no_vllm, "ollama"),
    (lambda s, o, v: s.no_ollama and o and not v, "conflict"),
    (lambda s, o, v: s.no_ollama, "vllm"),
    (lambda s, o, v: o and v and s.serving_hurts, "vllm"),
    (lambda s, o, v: o and v, "start_with_ollama"),
    (lambda s, o, v: v, "vllm"),
    (lambda s, o, v: o and s.v == 0 and s.lone, "lm_studio_first"),
    (lambda s, o, v: o and (s.serving_hurts or s.growth or s.v >= 2), "start_with_ollama"),
    (lambda s, o, v: o, "ollama"),
    (lambda s, o, v: s.serving_hurts, "vllm"),
    (lambda s, o, v: True, "start_with_ollama"),
)
"""The method's outcome table written a second time on purpose: an oracle that shares no code with what it checks."""


def by_rows(s):
    return next(name for fits, name in ROWS if fits(s, s.o >= 3, s.v >= 3))


@pytest.fixture(scope="module")
def reduced():
    """Every combination of items, limits and marks: its outcome, by the bits of its effect."""
    limits = [total(BIT[name] for name in some) for n in range(4) for some in combinations(("G1", "G2", "G3"), n)]
    marks = [total(some) for n in range(5) for some in combinations(
        (BIT["two"], BIT["serving"], BIT["growth"], LONE), n)]  # fmt: skip
    lists = [total(BIT[name] for name, held in zip(ITEMS, bits, strict=True) if held)
             for bits in product((False, True), repeat=10)]  # fmt: skip
    effects_ = [a | b | c for a in limits for b in marks for c in lists]
    return {effect: outcome(state(effect)) for effect in effects_}


def test_exactly_one_outcome_fires_in_every_state(reduced):
    assert len(reduced) == 1024 * 8 * 16
    assert set(reduced.values()) == set(OUTCOMES) - {"open"}
    expected = {}
    for effect, name in reduced.items():
        s = state(effect)
        if s not in expected:
            expected[s] = by_rows(s)
        assert name == expected[s], s


def test_outside_a_split_no_removed_engine_is_recommended(reduced):
    for effect, name in reduced.items():
        if effect & BIT["G1"]:
            assert ENGINE[name] not in ("vllm", "both")
        if effect & (BIT["G2"] | BIT["G3"]):
            assert ENGINE[name] != "ollama"


def test_without_limits_one_more_item_never_moves_the_result_the_other_way(reduced):
    limits = BIT["G1"] | BIT["G2"] | BIT["G3"]
    for effect, name in reduced.items():
        if effect & limits:
            continue
        for item in ITEMS:
            more = TOWARD_VLLM[reduced[effect | BIT[item]]] - TOWARD_VLLM[name]
            assert more >= 0 if item[0] == "V" else more <= 0, (state(effect), item)


PARTS = {
    "goal": (None, "runtime", "serving", "both"),
    "callers": (None, "me", "many", "both"),
    "machines": (None, ("linux_server",), ("mac",), ("windows",)),
    "api": (None, "contract", "swap"),
    "scaling": (None, ("prefix_cache",), ("none",)),
    "front_ends": (None, "local_tools", "own_app"),
    "priority": (None, "setup", "architecture"),
    "workflow": (None, "quick_start", "server_setup"),
    "pain": (None, "serving"),
}
REST = {
    "stage": "prototype", "growth": "no", "accelerator": "one_gpu", "load": "some", "responses_state": "not_needed",
    "linux_route": "native_only", "os_floor": "met",
}  # fmt: skip
"""Answered in all of them, with native Windows where only Windows is named."""


def test_do_not_know_never_raises_the_strength_and_settled_or_clear_means_what_it_says():
    names = tuple(PARTS)
    catalogue = load()
    verdicts = {
        values: judged({**REST, **dict(zip(names, values, strict=True))}, catalogue)
        for values in product(*PARTS.values())
    }
    assert len(verdicts) == 31_104 and {verdict.strength for verdict in verdicts.values()} == set(STRENGTHS)
    for values, verdict in verdicts.items():
        for place, value in enumerate(values):
            if value is not None:
                less = verdicts[(*values[:place], None, *values[place + 1 :])]
                assert STRENGTHS.index(less.strength) <= STRENGTHS.index(verdict.strength), (values, names[place])
                if less.strength == "clear":
                    assert ENGINE[less.outcome] == ENGINE[verdict.outcome], (values, names[place])


def forms(missing=True):
    """Any form with valid answers; answers are left out only where `missing`."""
    parts = {}
    for question in load().questions:
        options = [option.id for option in question.options]
        one = st.lists(st.sampled_from(options), min_size=1, unique=True) if question.many else st.sampled_from(options)
        parts[question.id] = st.none() | one if missing else one
    return st.fixed_dictionaries(parts)


@settings(max_examples=300, deadline=None)
@given(forms())
def test_any_form_has_a_whole_recommendation_in_words(raw):
    catalogue = load()
    advice = recommend(raw, catalogue)
    assert advice.outcome in OUTCOMES and advice.strength in STRENGTHS
    assert (advice.outcome == "open") == (advice.strength == "open")
    assert set(advice.matter) <= set(advice.unanswered)
    assert (advice.next_question is None) == (not advice.matter)
    assert bool(advice.ways_out) == (advice.outcome == "conflict")
    sentences = [words.strength(advice), words.headline(advice), words.ENGINES[advice.outcome]]
    sentences += map(words.NOTES.__getitem__, advice.notes)
    sentences += map(words.TRIGGERS.__getitem__, advice.triggers)
    sentences += map(words.way_out, advice.ways_out)
    sentences += map(words.CONTRADICTIONS.__getitem__, advice.contradictions)
    assert all(sentences)


@settings(max_examples=200, deadline=None)
@given(forms(missing=False))
def test_a_full_form_and_its_reduced_state_agree(raw):
    advice = recommend(raw, load(), changes=False)
    holding = {item.id for item in advice.ollama + advice.vllm if item.holds}
    assert None not in {item.holds for item in advice.ollama + advice.vllm}
    two = raw["goal"] == "both" or raw["callers"] == "both"
    lone = raw["goal"] == "runtime" and raw["callers"] == "me" and raw["front_ends"] == "local_tools"
    effect = total(BIT[name] for name in (*holding, *advice.limits))
    marks = {"two": two, "serving": raw["pain"] == "serving", "growth": raw["growth"] == "yes"}
    effect |= total(BIT[name] for name, there in marks.items() if there) | (LONE if lone else 0)
    assert advice.outcome == by_rows(state(effect))
    assert advice.unanswered == () and advice.unknown_limits == ()


@settings(max_examples=60, deadline=None)
@given(forms(missing=False), st.lists(st.sampled_from([question.id for question in load().questions]), max_size=4))
def test_strength_and_what_matters_are_what_trying_every_completion_finds(raw, left_out):
    """The bit arithmetic against plain enumeration."""
    answers = known({key: value for key, value in raw.items() if key not in left_out})
    advice = recommend(answers, load(), changes=False)
    if advice.outcome == "open":
        return
    base = total(effects(answers).values())
    ways = {question: alternatives(question, answers) for question in advice.unanswered}
    whole = [total((base, *chosen)) for chosen in product(*ways.values())]
    found = {(ENGINE[outcome(state(effect))], _alone(effect)) for effect in whole}
    if {strength for _, strength in found} == {"settled"} and len({engine for engine, _ in found}) == 1:
        expected = "settled"
    elif len({engine for engine, _ in found}) == 1 and "leaning" not in {strength for _, strength in found}:
        expected = "clear"
    else:
        expected = "leaning"
    assert advice.strength == expected
    for question in advice.unanswered:
        others = [options for name, options in ways.items() if name != question]
        moves = any(
            len({outcome(state(total((base, way, *chosen)))) for way in ways[question]}) > 1
            for chosen in product(*others)
        )
        assert moves == (question in advice.matter)


def _alone(effect):
    """The strength of a full state, written down a second time."""
    s, name = state(effect), outcome(state(effect))
    if (s.no_vllm or s.no_ollama) and name != "split":
        return "settled"
    ahead, behind = {"vllm": (s.v, s.o), "both": (0, 5)}.get(ENGINE[name], (s.o, s.v))
    return "clear" if ahead >= 4 and behind <= 1 else "leaning"


@settings(max_examples=200, deadline=None)
@given(forms(missing=False))
def test_a_clear_full_form_is_not_turned_by_any_single_list_answer(raw):
    catalogue = load()
    verdict = judged(raw, catalogue)
    if verdict.strength != "clear":
        return
    limits = recommend(raw, catalogue, changes=False).limits
    for question in catalogue.questions:
        for option in question.options:
            other = {**raw, question.id: [option.id] if question.many else option.id}
            later = recommend(other, catalogue, changes=False)
            if later.limits == limits and applies(question.id, known(raw)):
                assert ENGINE[later.outcome] == ENGINE[verdict.outcome], (question.id, option.id)
