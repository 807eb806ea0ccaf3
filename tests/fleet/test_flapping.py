"""When an endpoint comes and goes too often for each turn to be news."""

import pytest

from fleet.flapping import KEPT, flapping, turned


@pytest.mark.parametrize(
    ("turns", "now", "expected"),
    [
        ([], 0, False),
        ([0, 100], 101, False),  # one outage
        ([0, 100, 200], 200, True),
        ([0, 300, 600], 600, True),
        ([0, 301, 601], 601, False),  # spread over more than ten minutes
        ([0, 100, 200], 499, True),
        ([0, 100, 200], 500, False),  # it has held still for five minutes
        ([0, 100, 200, 700], 700, True),  # and goes on
        ([0, 10_000, 10_100, 10_200], 10_210, True),
        ([100, 200, 9_000], 300, False),  # a clock that was set back
    ],
)
def test_three_turns_in_ten_minutes_until_five_quiet_ones(turns, now, expected):
    assert flapping(turns, now) is expected


def test_only_the_latest_turns_are_kept_in_whole_seconds():
    turns: list[int] = []
    for n in range(30):
        turns = turned(turns, n + 0.9)
    assert turns == list(range(30 - KEPT, 30))
