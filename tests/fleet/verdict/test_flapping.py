"""When an endpoint comes and goes: few alerts, and never an outage that lasts without one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.alerts.due import Case, Rules, due
from fleet.verdict.flapping import AT_ONCE, KEPT, WITHIN, Turn, flapping, turned, waits
from tests.fleet.past import NOON, at

ALERT_AFTER = 120
STEP = 5
"""Seconds between two probes."""


def turns_at(*moments: int) -> list[Turn]:
    """Into trouble, out of it, and so on."""
    return [(at, 1 - n % 2) for n, at in enumerate(moments)]


@pytest.mark.parametrize(
    ("turns", "now", "expected"),
    [
        ([], 0, False),
        ([0, 100], 101, False),  # one outage
        ([0, 100, 200, 300], 301, False),  # two
        ([0, 100, 200, 300, 400], 400, True),
        ([0, 100, 300, 400, 600], 600, True),
        ([0, 100, 301, 401, 601], 601, False),  # spread over more than ten minutes
        ([0, 100, 200, 300, 400], 699, True),
        ([0, 100, 200, 300, 400], 700, False),  # no turn for five minutes
        ([0, 100, 200, 300, 400, 701], 701, True),  # and it goes on
        ([100, 200, 300, 400, 9_000], 500, False),  # a clock that was set back
    ],
)
def test_three_outages_in_ten_minutes_are_flapping_until_five_minutes_without_a_turn(turns, now, expected):
    assert flapping(turns_at(*turns), now) is expected


@pytest.mark.parametrize(
    ("turns", "alerts", "now", "expected"),
    [
        ([0, 100, 200], AT_ONCE - 1, 200, False),  # down, up, down: each at once
        ([0, 100, 200, 300], AT_ONCE, 301, True),  # the second end waits
        ([0, 100, 200, 300], AT_ONCE, 420, False),  # until it has lasted
        ([0, 150, 300, 450, 590], 2, 709, True),  # the third outage is flapping
        ([0, 150, 300, 450, 590], 2, 710, False),
        ([0, 20, 140, 160, 180, 200, 220], 2, 259, True),  # trouble goes on over short recoveries
        ([0, 20, 140, 160, 180, 200, 220], 2, 260, False),
        ([0, 20, 140, 160, 180, 200, 220], 3, 260, True),  # but not right after three alerts
    ],
)
def test_an_alert_waits_when_there_were_enough(turns, alerts, now, expected):
    assert waits(turns_at(*turns), alerts, now, ALERT_AFTER) is expected


def test_without_a_time_to_last_nothing_waits():
    assert not waits(turns_at(0, 10, 20, 30, 40), 9, 40, 0)


def test_only_what_changes_is_a_turn_and_only_the_latest_are_kept():
    turns: tuple[Turn, ...] = ()
    for n in range(4 * KEPT):
        turns = turned(turns, n % 4 < 2, n + 0.9)
    assert turns == tuple((n, 1 - n // 2 % 2) for n in range(2 * KEPT, 4 * KEPT, 2))


@dataclass
class Watch:
    """An endpoint whose status is known at once, and the alerts about it."""

    turns: list[Turn] = field(default_factory=list)
    alerts: list[tuple[int, str]] = field(default_factory=list)

    def probe(self, down: bool, now: int) -> None:
        """One probe at `now` seconds."""
        self.turns = turned(self.turns, down, now)
        shown = self.alerts[-1][1] if self.alerts else ""
        known = "down" if shown == "down" else ""  # once its end was alerted, the next incident begins
        case = Case("down" if down else "recovered", known, at(NOON))
        lately = sum(moment > now - WITHIN for moment, _ in self.alerts)
        if (kinds := due(case, Rules(None), at(NOON))) and not waits(self.turns, lately, now, ALERT_AFTER):
            self.alerts.append((now, *kinds))


def watch(stretches: Sequence[int]) -> tuple[Watch, list[tuple[int, int, bool]]]:
    """Watches up, down, up and so on for so many seconds each; and (from, to, down) of the stretches."""
    seen, now, spans = Watch(), 0, []
    for number, length in enumerate(stretches):
        down = number % 2 == 1
        spans.append((now, now + length, down))
        for moment in range(now, now + length, STEP):
            seen.probe(down, moment)
        now += length
    return seen, spans


lengths = st.one_of(st.integers(1, 30), st.integers(20, 60), st.integers(61, 400)).map(lambda n: STEP * n)


@given(st.lists(lengths, min_size=2, max_size=60))
def test_an_outage_that_lasts_is_never_without_an_alert(stretches):
    seen, spans = watch(stretches)
    for began, ended, down in spans:
        if down and ended - began > ALERT_AFTER:
            known = [kind for moment, kind in seen.alerts if moment <= began + ALERT_AFTER]
            assert known[-1] == "down"


@given(st.lists(lengths, min_size=1, max_size=60))
def test_the_last_word_is_what_has_held_for_ten_minutes(stretches):
    ends_down = len(stretches) % 2 == 1
    seen, _ = watch([*stretches, WITHIN])
    last = seen.alerts[-1][1] if seen.alerts else "recovered"
    assert last == ("down" if ends_down else "recovered")


@given(st.integers(1, 19), st.data())
def test_alternation_makes_three_alerts_at_most(down, data):
    up = data.draw(st.integers(1, 20 - down))
    cycles = [STEP * up, STEP * down] * (3600 // (STEP * (up + down)))
    seen, _ = watch([WITHIN, *cycles])
    assert len(seen.alerts) <= AT_ONCE
    seen, _ = watch([WITHIN, *cycles, WITHIN])
    assert len(seen.alerts) <= AT_ONCE + 1


@given(st.lists(lengths, min_size=2, max_size=60))
def test_no_two_alerts_in_a_row_are_the_same(stretches):
    kinds = [kind for _, kind in watch(stretches)[0].alerts]
    assert all(one != other for one, other in pairwise(kinds))
