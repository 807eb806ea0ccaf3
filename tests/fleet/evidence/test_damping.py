"""What hovers at a threshold does not come and go."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fleet.evidence.damping import HOLD, Judgement, held

HOUR = 3600
SERIES = st.lists(st.tuples(st.integers(0, 4), st.sampled_from("ab")), min_size=1, max_size=80)


def standing(found, step: int = HOUR) -> list[tuple[int, str]]:
    """(weight, limit) that stands after each of these judgements, one an hour."""
    recent, stood = [], []
    for n, (weight, limit) in enumerate(found):
        recent = held(recent, Judgement(n * step, (weight,), (str(weight), limit)))
        stood.append((recent[0].weight[0], recent[0].kind[1]))
    return stood


def changes(stood) -> int:
    return sum(a != b for a, b in pairwise(stood))


def test_a_heavier_one_stands_at_once_and_a_lighter_one_after_a_day():
    stood = standing([(1, "a"), (3, "a")] + [(1, "a")] * 30)
    assert stood[:2] == [(1, "a"), (3, "a")]
    assert stood.index((1, "a"), 1) == 1 + HOLD // HOUR


def test_what_hovers_between_two_states_changes_once():
    assert changes(standing([(1, "a"), (3, "a")] * 100)) == 1


def test_two_limits_of_one_state_that_alternate_do_not_change():
    assert changes(standing([(3, "a"), (3, "b")] * 100)) == 0


def test_another_limit_of_one_state_takes_the_place_after_a_day():
    assert standing([(3, "a")] + [(3, "b")] * 24)[-1] == (3, "b")


@given(SERIES)
def test_the_heaviest_of_the_last_day_stands(found):
    for n, (weight, _) in enumerate(standing(found)):
        assert weight == max(each for each, _ in found[max(0, n - HOLD // HOUR + 1) : n + 1])


@given(SERIES, st.data())
def test_more_load_never_makes_what_stands_lighter(found, data):
    more = [(data.draw(st.integers(weight, 4)), limit) for weight, limit in found]
    assert all(low <= high for (low, _), (high, _) in zip(standing(found), standing(more), strict=True))


@given(SERIES)
def test_it_changes_at_most_as_often_as_what_is_found(found):
    assert changes(standing(found)) <= changes(found)


@given(SERIES)
def test_it_survives_being_stored(found):
    recent = [Judgement(n, (weight,), (str(weight), limit), [n]) for n, (weight, limit) in enumerate(found)]
    assert [Judgement.from_json(each.to_json()) for each in recent] == recent
    assert Judgement.from_json(recent[0].to_json(content=False), recent[0].content) == recent[0]
