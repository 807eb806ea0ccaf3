"""Which alerts go together, decided without a database."""

from dataclasses import replace

import pytest

from fleet.alerts.grouping import DOUBTFUL_WINDOW, MOST, WINDOW, Group, ready

LONE = Group(oldest=WINDOW, newest=WINDOW, window=WINDOW, forming=False, recoveries=False, partners_open=False)


@pytest.mark.parametrize(
    ("group", "goes"),
    [
        (LONE, True),
        (replace(LONE, newest=WINDOW - 0.1), False),
        (replace(LONE, window=DOUBTFUL_WINDOW), False),
        (replace(LONE, window=DOUBTFUL_WINDOW, newest=DOUBTFUL_WINDOW), True),
        (replace(LONE, forming=True), False),
        (replace(LONE, forming=True, oldest=MOST), True),
        (replace(LONE, recoveries=True), True),
        (replace(LONE, recoveries=True, partners_open=True), False),
        (replace(LONE, recoveries=True, partners_open=True, oldest=MOST), True),
        (replace(LONE, partners_open=True), True),
    ],
)
def test_a_group_waits_for_its_own_but_not_for_ever(group, goes):
    assert ready(group) is goes
