"""What two ticks show: standing still, and a clock that was set."""

import time
from datetime import UTC, datetime

import pytest
import time_machine

from fleet.models import BlindStretch, EndpointState
from fleet.probing import clock_gaps
from fleet.probing.clock_gaps import Moment, Passed, passed
from fleet.verdict.schedule import next_due, phase
from tests.fleet.outages import watched

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("wall", "steady", "last_tick", "expected"),
    [
        pytest.param(1, 1, 1, Passed(), id="as usual"),
        pytest.param(14, 14, 14, Passed(), id="a hiccup"),
        pytest.param(40, 40, 40, Passed(still=40), id="stopped, or slept"),
        pytest.param(40, 40, 1, Passed(), id="another dispatcher ticked meanwhile"),
        pytest.param(40, 40, None, Passed(still=40), id="the broker was emptied"),
        pytest.param(61, 1, 61, Passed(jump=60), id="set forward"),
        pytest.param(-59, 1, -59, Passed(jump=-60), id="set back"),
        pytest.param(100, 40, 100, Passed(still=40, jump=60), id="slept, and set forward"),
        pytest.param(4, 1, 4, Passed(), id="slewed by three seconds"),
    ],
)
def test_what_passed_between_two_ticks(wall, steady, last_tick, expected):
    """`wall` and `steady` are how far the clocks went, `last_tick` how long ago anyone ticked."""
    now, last = Moment(NOW, 500.0), Moment(NOW - wall, 500.0 - steady)
    assert passed(now, last, None if last_tick is None else NOW - last_tick) == expected


@pytest.mark.parametrize(("last_tick", "still"), [(None, 0), (2, 0), (90, 90), (-50, 0)])
def test_a_new_process_goes_by_what_the_broker_knows(last_tick, still):
    assert passed(Moment(NOW, 5.0), None, None if last_tick is None else NOW - last_tick) == Passed(still=still)


@pytest.fixture(autouse=True)
def first_tick(monkeypatch):
    monkeypatch.setattr(clock_gaps, "_last", {})


@pytest.mark.django_db
@pytest.mark.postgres
def test_a_gap_is_kept_for_the_history_once():
    clock_gaps.notice("tick", lambda: time.time() - 42)
    clock_gaps.notice("pulse", lambda: time.time() - 43)
    stretch = BlindStretch.objects.get()
    assert stretch.reason == "The watch had stopped for 42 s."
    assert stretch.ended_at is not None
    assert (stretch.ended_at - stretch.began_at).total_seconds() == pytest.approx(42, abs=1)


@pytest.mark.django_db
@pytest.mark.postgres
def test_a_clock_set_back_leaves_nobody_unwatched(team, valkey, caplog):
    endpoint = watched(team, "gpu-1", interval=30)
    before = time.time()
    with time_machine.travel(before, tick=True):
        clock_gaps.notice("tick", lambda: None)
    due = next_due(before, 30, str(endpoint.pk))
    EndpointState.objects.update(due_at=due)
    back = before - 3600
    with time_machine.travel(back, tick=True):
        clock_gaps.notice("tick", lambda: before)
    state = EndpointState.objects.get()
    assert back < state.due_at <= back + 31
    assert state.due_at % 30 == phase(str(endpoint.pk), 30), "it is on its grid"
    assert "set back by 3600 s" in caplog.text
    assert not BlindStretch.objects.exists()


@pytest.mark.django_db
def test_due_times_left_by_a_clock_that_ran_ahead_are_repaired_at_the_first_tick(team, valkey):
    watched(team, "gpu-1", interval=30)
    EndpointState.objects.update(due_at=int(time.time()) + 86_400)
    clock_gaps.notice("tick", lambda: None)
    assert EndpointState.objects.get().due_at <= time.time() + 31


@pytest.mark.django_db
def test_a_clock_set_forward_is_logged_and_is_no_gap(team, valkey, caplog):
    at = time.time()
    with time_machine.travel(at, tick=True):
        clock_gaps.notice("tick", lambda: None)
    with time_machine.travel(at + 600, tick=True):
        clock_gaps.notice("tick", lambda: at)
        assert datetime.now(UTC).timestamp() > at + 599
    assert "set forward by 600 s" in caplog.text
    assert not BlindStretch.objects.exists()
