"""What people are to be told, decided without a database."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from fleet.alerts.telling import Case, Quiet, Rules, due, hold_until, quiet_until

NOW = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPEN = Case("down", "", opened_at=NOW - timedelta(minutes=1))
TOLD = replace(OPEN, told="down", told_at=NOW - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("case", "wanted"),
    [
        (OPEN, ["down"]),
        (replace(OPEN, status="degraded"), ["degraded"]),
        (replace(OPEN, told="degraded"), ["down"]),
        (replace(OPEN, told="down", status="degraded"), []),
        (TOLD, []),
        (replace(TOLD, status="recovered"), ["recovered"]),
        (replace(OPEN, status="recovered"), []),
        (replace(TOLD, status="recovered", told="recovered"), []),
        (replace(OPEN, told="recovered"), ["down"]),
        (replace(OPEN, told="closed"), []),
        (replace(OPEN, muted="silenced"), []),
        (replace(TOLD, status="recovered", muted="maintenance"), []),
        (replace(TOLD, status="recovered", acknowledged=True), ["recovered"]),
        (replace(OPEN, acknowledged=True), ["down"]),
        (replace(TOLD, told_at=NOW - 4 * HOUR), ["reminder"]),
        (replace(TOLD, told_at=NOW - 4 * HOUR + timedelta(seconds=1)), []),
        (replace(TOLD, told_at=NOW - 9 * HOUR, acknowledged=True), []),
    ],
)
def test_what_was_told_last_and_what_is_decide(case, wanted):
    assert due(case, Rules(), NOW) == wanted


def test_a_second_address_hears_of_it_once_when_nobody_acknowledges():
    rules = Rules(remind_every=None, escalate_after=timedelta(minutes=30))
    old = replace(TOLD, opened_at=NOW - timedelta(minutes=30))
    assert due(old, rules, NOW) == ["escalated"]
    assert due(replace(old, escalated=True), rules, NOW) == []
    assert due(replace(old, acknowledged=True), rules, NOW) == []
    assert due(replace(old, opened_at=NOW - timedelta(minutes=29)), rules, NOW) == []


def test_no_reminders_for_who_wants_none():
    assert due(replace(TOLD, told_at=NOW - 100 * HOUR), Rules(remind_every=None), NOW) == []


QUIET = Quiet(time(22), time(7), "Europe/Berlin")  # one hour ahead of UTC in January


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        (datetime(2027, 1, 15, 20, 59, tzinfo=UTC), None),
        (datetime(2027, 1, 15, 21, 0, tzinfo=UTC), datetime(2027, 1, 16, 6, 0, tzinfo=UTC)),
        (datetime(2027, 1, 16, 5, 59, tzinfo=UTC), datetime(2027, 1, 16, 6, 0, tzinfo=UTC)),
        (datetime(2027, 1, 16, 6, 0, tzinfo=UTC), None),
        (datetime(2027, 7, 15, 20, 0, tzinfo=UTC), datetime(2027, 7, 16, 5, 0, tzinfo=UTC)),
    ],
)
def test_quiet_hours_go_over_midnight_by_the_teams_clock(at, ends):
    assert quiet_until(QUIET, at) == ends


def test_quiet_hours_within_a_day():
    nap = Quiet(time(12), time(14), "UTC")
    assert quiet_until(nap, NOW) == NOW + 2 * HOUR
    assert quiet_until(nap, NOW - HOUR) is None


@pytest.mark.parametrize(
    ("kind", "worst", "held"),
    [
        ("down", "down", False),
        ("reminder", "down", False),
        ("recovered", "down", False),
        ("degraded", "degraded", True),
        ("recovered", "degraded", True),
        ("escalated", "degraded", False),
        ("review", "", True),
    ],
)
def test_only_what_is_down_disturbs_at_night(kind, worst, held):
    night = datetime(2027, 1, 15, 23, tzinfo=UTC)
    assert (hold_until(kind, worst, QUIET, night) is not None) is held
    assert hold_until(kind, worst, None, night) is None
