"""How long a start may take, and what is learned from those that ended."""

import pytest

from fleet.engines.errors import Cause
from fleet.verdict.starts import Habits, Stretch, learned, weigh
from fleet.verdict.status import Finding, Status

LOADING = Finding(Cause.LOADING, "health", "It loads.")
REFUSED = Finding(Cause.CONNECTION_REFUSED, "connect", "The connection was refused.")


@pytest.mark.parametrize(
    ("habits", "said", "seconds"),
    [
        (Habits(), True, 600),
        (Habits(), False, 0),
        (Habits((20, 42, 30)), False, 63),
        (Habits((5,)), True, 30),
        (Habits((3000,)), False, 3600),
        (Habits((42,), within=0), True, 0),
        (Habits((42,), within=200), False, 200),
    ],
)
def test_what_a_start_is_given(habits, said, seconds):
    assert habits.allowed(said) == seconds


def test_a_server_that_loads_for_longer_than_it_is_given_is_down():
    found, stretch = weigh(LOADING, Habits(), None, True, 1000.0)
    assert (found, stretch) == (LOADING, Stretch(1000, said=True))
    assert weigh(LOADING, Habits(), stretch, True, 1599.0)[0] == LOADING
    late, kept = weigh(LOADING, Habits(), stretch, True, 1600.0)
    assert (late.cause, late.status, kept) == (Cause.STILL_LOADING, Status.DOWN, stretch)
    assert late.detail == "longer than the 600 s that its start is given; It loads."


def test_a_refused_connection_counts_as_a_start_while_starts_take_so_long():
    habits = Habits((42,), listens_late=True)
    found, stretch = weigh(REFUSED, habits, None, True, 1000.0)
    assert (found.cause, found.status, found.step) == (Cause.LOADING, Status.LOADING, "connect")
    assert found.detail == "It refuses connections, as it does while starting; earlier starts took up to 42 s."
    assert weigh(REFUSED, habits, stretch, True, 1062.0)[0].cause is Cause.LOADING
    late, kept = weigh(REFUSED, habits, stretch, True, 1063.0)
    assert late.cause is Cause.CONNECTION_REFUSED
    assert weigh(REFUSED, habits, kept, False, 9000.0)[0].cause is Cause.CONNECTION_REFUSED, "it gets no second grace"


@pytest.mark.parametrize(
    ("habits", "fine"),
    [
        (Habits((42,)), True),  # an engine that listens at once
        (Habits(listens_late=True), True),  # nothing learned
        (Habits((42,), within=0, listens_late=True), True),
        (Habits((42,), listens_late=True), False),  # in trouble already: this is no start
    ],
)
def test_any_other_refused_connection_is_what_it_is(habits, fine):
    assert weigh(REFUSED, habits, None, fine, 1000.0) == (REFUSED, None)


@pytest.mark.parametrize(
    ("finding", "goes_on"),
    [
        (Finding(), None),
        (Finding(Cause.SATURATED), None),
        (Finding(Cause.AUTH_REJECTED), None),
        (Finding(Cause.BLIND), Stretch(1000, True)),
        (Finding(Cause.CONNECTION_LOST), Stretch(1000, False)),
    ],
)
def test_what_ends_a_start(finding, goes_on):
    assert weigh(finding, Habits(), Stretch(1000, True), True, 1100.0) == (finding, goes_on)


def test_a_server_that_crashes_again_and_again_as_it_loads_uses_its_time_up():
    stretch, causes = None, []
    for round_ in range(12):
        for finding in (LOADING, Finding(Cause.CONNECTION_LOST)):
            stretch = weigh(finding, Habits(), stretch, True, 1000.0 + 60 * round_)[1]
        causes.append(weigh(LOADING, Habits(), stretch, True, 1030.0 + 60 * round_)[0].cause)
    assert causes[0] is Cause.LOADING and causes[-1] is Cause.STILL_LOADING


@pytest.mark.parametrize(
    ("process_start", "answered_before", "stretch", "took"),
    [
        (1950.0, 1900.0, None, 50),  # refused in between, and a younger process answers
        (1800.0, 1900.0, None, None),  # the same process
        (1950.0, None, None, None),  # it never refused
        (2100.0, 1900.0, None, None),  # its clock is ahead
        (None, 1900.0, Stretch(1880, True), 120),  # it said that it loads
        (None, 1900.0, Stretch(1880, False), None),  # it was not heard throughout
        (1990.0, 1900.0, Stretch(1880, True), 10),
        (None, None, Stretch(-2000, True), None),  # longer than an hour is no start
    ],
)
def test_what_a_start_that_ended_teaches(process_start, answered_before, stretch, took):
    found = learned(
        [7], at=2000.0, process_start=process_start, answered_before=answered_before, stretch=stretch
    )  # fmt: skip
    assert found == ((7,) if took is None else (7, took))


def test_the_latest_five_starts_are_remembered():
    found = learned([1, 2, 3, 4, 5], at=60.0, process_start=None, answered_before=None, stretch=Stretch(0, True))
    assert found == (2, 3, 4, 5, 60)
