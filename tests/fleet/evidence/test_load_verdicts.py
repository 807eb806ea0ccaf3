"""What weeks of load mean."""

import pytest

from fleet.evidence.target import Target
from fleet.evidence.verdict import Circumstances, Confidence, Limit, State

from .weeks import MONDAY, WEEK, canaries, queue, verdict, week

MODEL = "llama3:8b"


def ollama(waiting, stated=None, **more):
    return verdict("ollama", week(canaries(waiting, **more), MODEL), stated=stated or Circumstances())


def test_ollama_without_waits_is_fine():
    found = ollama(waiting=0)
    assert (found.state, found.confidence) == (State.FINE, Confidence.HIGH)
    assert "No request was refused (HTTP 503)." in found.against


def test_ollama_whose_callers_wait_is_to_be_tuned_first():
    found = ollama(waiting=4)
    assert (found.state, found.limit) == (State.TUNE_FIRST, Limit.SLOTS)
    assert [each.setting for each in found.advice] == ["OLLAMA_NUM_PARALLEL=2"]
    assert {each.name: each.value for each in found.signals if each.crossed} == {
        "waited_much": "33 %",
        "wait_long": "2 to 5 s",
        "days_of_waiting": "5",
    }


def test_a_fine_verdict_names_the_figures_that_speak_for_it():
    assert [each.name for each in ollama(waiting=0).signals if each.crossed] == ["waited_fine", "wait_fine"]
    assert [each.name for each in ollama(waiting=4, ms=600).signals if each.crossed] == []


def test_few_waits_are_named_so_that_nobody_takes_them_for_none():
    found = ollama(waiting=1)
    assert found.state is State.FINE
    assert found.against[0] == "45 of 540 samples waited for a slot, under the 20 % that count."
    assert not any("waited for a slot" in each for each in ollama(waiting=0).against)


def test_models_that_push_each_other_out_of_memory_may_stay_side_by_side():
    assert [each.setting for each in ollama(waiting=0, swaps=2).advice] == []
    assert [each.setting for each in ollama(waiting=0, swaps=3).advice] == ["OLLAMA_MAX_LOADED_MODELS"]


def test_short_waits_are_no_reason_to_tune():
    assert ollama(waiting=4, ms=600).state is State.FINE


def test_waits_with_two_slots_and_another_signal_are_outgrown():
    assert ollama(waiting=4, stated=Circumstances(slots=2)).state is State.TUNE_FIRST
    assert ollama(waiting=4, stated=Circumstances(slots=2), slowed=6).state is State.OUTGROWN


def test_outgrown_without_a_machine_for_vllm_cannot_move():
    found = ollama(waiting=4, stated=Circumstances(slots=2, can_move=False), slowed=6)
    assert found.state is State.CANNOT_MOVE
    assert "second host" in found.advice[0].words


@pytest.mark.parametrize("model", ["llama3.2-vision", "qwen3-vl:8b", "nomic-embed-text"])
def test_more_slots_are_not_advised_where_the_model_has_one(model):
    found = verdict("ollama", week(canaries(4), model))
    assert found.state is State.TUNE_FIRST
    assert not any("NUM_PARALLEL" in each.setting for each in found.advice)


def test_clients_that_disagree_come_before_their_waits():
    found = ollama(waiting=6, reloads=4, flips=4)
    assert found.state is State.DISAGREE
    assert found.advice[0].setting == "OLLAMA_CONTEXT_LENGTH"


def test_the_worst_model_decides():
    rows = week(canaries(0), "quiet") + week(canaries(5), "busy")
    assert verdict("ollama", rows).model == "busy"


def test_a_missed_target_is_to_be_tuned_though_the_waits_are_short():
    stated = Circumstances(target=Target(first_token=0.5))
    assert ollama(waiting=3, ms=900, stated=stated).state is State.TUNE_FIRST
    assert ollama(waiting=3, ms=300, stated=stated).state is State.FINE


def test_without_canaries_there_is_not_enough_evidence():
    found = verdict("ollama", week(lambda _: {"probes": 240}, MODEL), samples_by="Canaries are off.")
    assert found.state is State.NOT_ENOUGH
    assert found.missing[-1] == "Canaries are off."


def test_without_samples_figures_are_not_known_and_speak_for_nothing():
    found = verdict("ollama", week(lambda _: {"probes": 240}, MODEL))
    assert {(each.value, each.samples, each.crossed) for each in found.signals} == {("not known", 0, False)}
    assert "No request was refused (HTTP 503)." not in found.against
    found = verdict("vllm", week(lambda _: {"probes": 240}))
    assert {(each.value, each.samples, each.crossed) for each in found.signals} == {("not known", 0, False)}
    assert found.against == ()


def test_refusals_that_a_gateway_counted_are_known_without_canaries():
    gateway = tuple(week(lambda office: {"requests": 60, "refused": 4} if office else {}))
    found = verdict("ollama", week(lambda _: {"probes": 240}, MODEL), gateway=gateway)
    assert [(each.value, each.crossed) for each in found.signals if each.name == "refused"] == [("4", True)]


def test_two_days_are_not_enough_and_it_is_known_when_there_will_be():
    rows = [row for row in week(canaries(4), MODEL) if row.start < MONDAY + 2 * 86_400]
    found = verdict("ollama", rows, until=MONDAY + 2 * 86_400)
    assert found.state is State.NOT_ENOUGH
    assert found.missing == ("2 of at least 3 days, 216 of at least 200 samples.",
                             "As it goes, there will be enough on 19 November.")  # fmt: skip


def test_the_same_in_two_windows_is_confirmed():
    before, now = week(canaries(4), MODEL, MONDAY - WEEK), week(canaries(4), MODEL)
    assert verdict("ollama", now).firm_words == "likely"
    assert verdict("ollama", before + now).firm_words == "confirmed"
    assert verdict("ollama", week(canaries(0), MODEL, MONDAY - WEEK) + now).firm_words == "likely"


def test_a_queue_at_the_cap_on_sequences_is_named():
    found = verdict("vllm", week(queue(2, waiting=8)))
    assert (found.state, found.limit) == (State.SATURATED, Limit.SEQUENCES)
    assert found.advice[0].setting == "--max-num-seqs"


def test_a_queue_before_a_full_kv_cache_is_named():
    found = verdict("vllm", week(queue(8, waiting=8, kv=99)))
    assert (found.state, found.limit) == (State.SATURATED, Limit.KV_CACHE)
    assert "Preemptions in 1,000 requests" in [each.words for each in found.signals]


def test_a_queue_that_moves_on_quickly_is_not_saturated():
    assert verdict("vllm", week(queue(2, waiting=8, seconds=0.4))).state is State.FINE


def test_a_full_kv_cache_alone_says_nothing():
    assert verdict("vllm", week(queue(4, kv=99))).state is State.FINE


def test_one_caller_now_and_then_needs_no_vllm():
    rows = week(queue(1, requests=2))
    few = [row for n, row in enumerate(rows) if n % 20 == 0 or not row.counts.get("at_work")]
    found = verdict("vllm", few)
    assert found.state is State.OVERKILL
    assert "5 %" in [each.threshold for each in found.signals if each.name == "idle_hours"]
    assert verdict("vllm", few, stated=Circumstances(reasons=("LoRA adapters",))).state is State.JUSTIFIED
    assert verdict("vllm", rows).state is State.ROOM


def test_a_late_first_token_without_a_queue_is_to_be_tuned():
    def hour(office):
        return queue(3)(office) | ({"ttft.4": 600} if office else {})

    stated = Circumstances(target=Target(first_token=2.5))
    found = verdict("vllm", week(hour), stated=stated)
    assert found.state is State.TUNE_FIRST
    assert next(each.value for each in found.signals if each.words == "In time: first token") == "0 %"


def test_buckets_that_are_too_wide_to_decide_are_shown_as_a_range():
    def hour(office):
        return queue(3)(office) | ({"ttft.3": 600} if office else {})

    stated = Circumstances(target=Target(first_token=2.0))
    found = verdict("vllm", week(hour), stated=stated)
    assert found.state is State.FINE
    assert next(each.value for each in found.signals if each.words == "In time: first token") == "0 to 100 %"
