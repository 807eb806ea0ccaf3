"""What must hold of load verdicts whatever the weeks are."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fleet.evidence.judge import Case, confirmed, judge, latest
from fleet.evidence.verdict import Circumstances, Confidence

from .weeks import MONDAY, WEEK, canaries, queue, verdict, week

STATED = st.builds(
    Circumstances,
    slots=st.sampled_from([None, 1, 2, 4]),
    can_move=st.sampled_from([None, True, False]),
    reasons=st.sampled_from([(), ("LoRA adapters",)]),
)
WAITS = st.tuples(st.integers(0, 12), st.sampled_from([10, 300, 900, 3000, 8000]), st.integers(0, 12))
QUEUES = st.tuples(st.integers(1, 30), st.integers(0, 20), st.integers(0, 100), st.sampled_from([0.2, 0.8, 2, 4]))
CONFIDENCE = list(Confidence)


@given(WAITS, WAITS, STATED)
def test_more_waiting_never_makes_ollamas_verdict_lighter(one, two, stated):
    less, more = (tuple(map(pick, zip(one, two, strict=True))) for pick in (min, max))
    light, heavy = (
        verdict("ollama", week(canaries(waiting, ms, slowed=slowed), "m"), stated=stated)
        for waiting, ms, slowed in (less, more)
    )
    assert light.state.weight <= heavy.state.weight


@given(QUEUES, QUEUES, STATED)
def test_a_longer_queue_never_makes_vllms_verdict_lighter(one, two, stated):
    less, more = (tuple(map(pick, zip(one, two, strict=True))) for pick in (min, max))
    light, heavy = (
        verdict("vllm", week(queue(running, waiting, kv, seconds=seconds)), stated=stated)
        for running, waiting, kv, seconds in (less, more)
    )
    assert light.state.weight <= heavy.state.weight


@given(st.integers(0, 9), st.sampled_from(["ollama", "vllm"]), st.data())
def test_less_data_never_raises_confidence(waiting, engine, data):
    rows = week(canaries(waiting), "m") if engine == "ollama" else week(queue(3, waiting))
    left = data.draw(st.lists(st.sampled_from(rows), unique_by=lambda row: row.start))
    whole, part = verdict(engine, rows), verdict(engine, left)
    assert CONFIDENCE.index(part.confidence) <= CONFIDENCE.index(whole.confidence)


@given(st.randoms(), st.integers(0, 9))
def test_the_order_of_rows_does_not_matter(chance, waiting):
    rows = week(canaries(waiting), "a") + week(canaries(2), "b") + week(canaries(waiting), "a", MONDAY - WEEK)
    case = Case("ollama", tuple(rows), MONDAY + WEEK)
    mixed = replace(case, rows=tuple(chance.sample(rows, len(rows))))
    assert judge(mixed) == judge(case)


@given(st.integers(0, 9), st.integers(0, 9), st.sampled_from(["ollama", "vllm"]))
def test_the_window_before_may_be_read_by_itself(then, now, engine):
    """As it is done to confirm firm verdicts alone."""
    hours = canaries if engine == "ollama" else (lambda waiting: queue(3, waiting))
    model = "m" if engine == "ollama" else ""
    before, last = (week(hours(number), model, began) for number, began in ((then, MONDAY - WEEK), (now, MONDAY)))
    both = Case(engine, (*before, *last), MONDAY + WEEK)
    assert confirmed(latest(replace(both, rows=tuple(last))), replace(both, rows=tuple(before))) == judge(both)
