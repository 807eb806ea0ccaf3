"""When an endpoint is due."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from fleet.verdict.schedule import deadline, due_after, next_due, phase

intervals = st.integers(5, 3600)
moments = st.floats(0, 4e9, allow_nan=False)
keys = st.text(min_size=1)


@given(moments, intervals, keys)
def test_due_times_lie_on_a_grid_that_no_restart_moves(now, interval, key):
    due = next_due(now, interval, key)
    assert now < due <= now + interval
    assert due % interval == phase(key, interval)
    assert next_due(due, interval, key) == due + interval


def test_endpoints_spread_evenly():
    counts = Counter(phase(str(pk), 30) for pk in range(3000))
    assert len(counts) == 30
    assert max(counts.values()) < 2 * 100


@given(st.floats(0, 4e9, allow_nan=False), st.floats(0.001, 5.0))
def test_three_failures_in_a_row_are_known_within_ten_seconds_of_the_first(ended, took):
    """Whether the server refuses at once or hangs until the deadline of each probe."""
    known = ended
    for failures in (1, 2):
        due = due_after(known - took, known, int(ended) + 3600, failures)
        took = min(took, deadline(5.0, failures))
        began = max(float(due), known)  # a tick may be missed by a little, never be early
        assert began >= ended
        known = began + took
    assert known - ended <= 10


def test_three_failures_in_a_row_are_known_five_seconds_after_the_first_where_the_server_refuses():
    second = due_after(100.0, 100.01, 200, 1)
    assert (second, due_after(second, second + 0.01, 200, 2)) == (103, 105)


def test_a_confirming_probe_that_ran_out_of_time_is_repeated_at_once_and_not_in_the_past():
    assert due_after(100.0, 102.5, 200, 2) >= 102


def test_a_blip_of_two_seconds_is_silent():
    assert due_after(100.0, 100.0, 3600, 1) - 100 >= 2.5


def test_after_confirmation_the_grid_rules_and_a_nearer_grid_slot_wins():
    assert due_after(100.0, 100.2, 130, 0) == 130
    assert due_after(100.0, 100.2, 102, 1) == 102


def test_a_longer_timeout_that_was_asked_for_is_kept_while_confirming():
    assert deadline(5.0, 0) == 5.0
    assert deadline(20.0, 1) == 20.0
    assert deadline(2.0, 1) == 2.0
