"""Weeks of what real engines showed under known loads: each gives its verdict and names its figures."""

from collections.abc import Callable

import pytest

from advisor.evidence import judge as decision
from advisor.evidence.values import Case, Covered
from advisor.guide import load_drawings
from bench import load_figures
from fleet.evidence.judge import Case as Load
from fleet.evidence.judge import judge
from fleet.evidence.verdict import Circumstances, Confidence, Limit, State, Verdict
from fleet.evidence.window import DAY, Row

from .replays import played
from .weeks import MONDAY, OFFICE, WEEK, verdict

IDLE, BUSY, TWO_SLOTS = "ollama-1-slot-idle", "ollama-1-slot-8-callers", "ollama-2-slots-8-callers"


def office(busy: str, idle: str) -> Callable[[int], str]:
    return lambda start: busy if OFFICE.has(start) else idle


def crossed(found: Verdict) -> dict[str, str]:
    return {each.name: each.value for each in found.signals if each.crossed}


def test_an_idle_ollama_is_fine():
    found = verdict("ollama", played(office(IDLE, IDLE)))
    assert (found.state, found.confidence) == (State.FINE, Confidence.HIGH)
    assert crossed(found) == {"waited_fine": "0 %", "wait_fine": "under 0.003 s"}


def test_eight_callers_at_one_slot_are_to_be_tuned_first_and_their_wait_is_named():
    found = verdict("ollama", played(office(BUSY, IDLE)))
    assert (found.state, found.limit, found.model) == (State.TUNE_FIRST, Limit.SLOTS, "deep:latest")
    assert crossed(found) == {"waited_much": "100 %", "wait_long": "2 to 5 s", "days_of_waiting": "5"}
    assert found.advice[0].setting == "OLLAMA_NUM_PARALLEL=2"


@pytest.mark.parametrize(
    ("callers", "wait"), [("1-caller", "0.2 to 0.5 s"), ("2-callers", "0.2 to 0.5 s"), ("4-callers", "1 to 2 s")]
)
def test_fewer_callers_wait_for_a_shorter_time_and_are_fine(callers: str, wait: str):
    found = verdict("ollama", played(office(f"ollama-1-slot-{callers}", IDLE)))
    assert found.state is State.FINE
    assert next(each.value for each in found.signals if each.name == "wait_long") == wait


def test_clients_with_two_contexts_disagree_and_our_own_loads_are_left_out():
    found = verdict("ollama", played(office("ollama-two-contexts", IDLE)))
    assert found.state is State.DISAGREE
    assert crossed(found) == {"reloads": "62 in one hour"}
    assert "540 of our own canaries made Ollama load the model and are left out." in found.against


CAP, FULL, UNUSED = "vllm-2-sequences-8-callers", "vllm-full-cache-16-callers", "vllm-2-sequences-idle"
NOW_AND_THEN = "vllm-2-sequences-now-and-then"


def test_a_queue_at_two_sequences_is_saturated_by_the_sequence_cap():
    found = verdict("vllm", played(office(CAP, UNUSED)))
    assert (found.state, found.limit, found.confidence) == (State.SATURATED, Limit.SEQUENCES, Confidence.HIGH)
    assert crossed(found) == {"saturated_quarters": "171 of 180", "queue_long": "2.5 to 5 s", "at_cap": "93 %"}
    assert (found.callers, found.advice[0].setting) == (8, "--max-num-seqs")


def test_a_queue_at_few_kv_blocks_is_saturated_by_the_kv_cache():
    found = verdict("vllm", played(office(FULL, UNUSED)))
    assert (found.state, found.limit) == (State.SATURATED, Limit.KV_CACHE)
    assert {name: crossed(found)[name] for name in ("queue_long", "kv_waiting", "preempted")} == {
        "queue_long": "5 to 10 s",
        "kv_waiting": "65 %",
        "preempted": "288",
    }


def test_one_caller_in_one_hour_a_day_needs_no_vllm():
    found = verdict(
        "vllm", played(lambda start: NOW_AND_THEN if OFFICE.has(start) and start % DAY == 10 * 3600 else UNUSED)
    )
    assert found.state is State.OVERKILL
    assert crossed(found) == {"idle_hours": "3 %", "idle_running": "0", "idle_kv": "up to 2 %", "idle_flow": "0.00"}


def test_one_caller_in_all_office_hours_leaves_room_to_spare():
    assert verdict("vllm", played(office("vllm-2-sequences-1-caller", UNUSED))).state is State.ROOM


def test_the_guide_draws_these_recordings():
    assert load_figures.figures() == load_drawings.figures()


def weeks(*busy: str) -> list[Row]:
    """One after the other: what each one's office hours show; its nights are idle."""
    return [row for n, name in enumerate(busy) for row in played(office(name, IDLE), MONDAY + n * WEEK)]


HISTORY = (IDLE, BUSY, TWO_SLOTS, TWO_SLOTS, IDLE)
SLOTS = (1, 1, 2, 2, 2)


def test_ollama_is_fine_then_tuned_then_outgrown_and_fine_when_the_load_is_gone():
    """And so a decision for it holds, is strained, contradicted once two weeks running show it, and holds again."""
    rows, loads, decisions = tuple(weeks(*HISTORY)), [], []
    for n, slots in enumerate(SLOTS, 1):
        until = MONDAY + n * WEEK
        found = judge(Load("ollama", rows, until, stated=Circumstances(slots=slots)))
        loads.append(f"{found[0].state} {found[0].firm_words}".strip())
        covered = Covered(1, "box", "ollama", verdicts=found, judged=until)
        decisions.append(str(decision.judge(Case("ollama", (covered,), until, 7 * DAY)).state))
    assert loads == ["fine", "tune first likely", "outgrown likely", "outgrown confirmed", "fine"]
    assert decisions == ["holds", "strained", "strained", "contradicted", "holds"]


def test_two_slots_slow_the_prompts_of_canaries_which_is_the_second_signal():
    found = verdict("ollama", played(office(TWO_SLOTS, IDLE)), stated=Circumstances(slots=2))
    assert crossed(found)["slowed"] == "100 %"
