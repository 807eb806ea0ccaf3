"""Which alerts are due, decided without a database."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import time_zones
from fleet.alerts.due import Case, Quiet, Rules, due, hold_until, quiet_until

NOW = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPEN = Case("down", "", opened_at=NOW - timedelta(minutes=1))
ANNOUNCED = replace(OPEN, announced="down", announced_at=NOW - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("case", "wanted"),
    [
        (OPEN, ["down"]),
        (replace(OPEN, status="degraded"), ["degraded"]),
        (replace(OPEN, announced="degraded"), ["down"]),
        (replace(OPEN, announced="down", status="degraded"), []),
        (ANNOUNCED, []),
        (replace(ANNOUNCED, status="recovered"), ["recovered"]),
        (replace(OPEN, status="recovered"), []),
        (replace(ANNOUNCED, status="recovered", announced="recovered"), []),
        (replace(OPEN, announced="recovered"), ["down"]),
        (replace(OPEN, announced="closed"), []),
        (replace(OPEN, muted="silenced"), []),
        (replace(ANNOUNCED, status="recovered", muted="maintenance"), []),
        (replace(ANNOUNCED, status="recovered", acknowledged=True), ["recovered"]),
        (replace(OPEN, acknowledged=True), ["down"]),
        (replace(ANNOUNCED, announced_at=NOW - 4 * HOUR), ["reminder"]),
        (replace(ANNOUNCED, announced_at=NOW - 4 * HOUR + timedelta(seconds=1)), []),
        (replace(ANNOUNCED, announced_at=NOW - 9 * HOUR, acknowledged=True), []),
        (replace(ANNOUNCED, announced_at=NOW - 9 * HOUR, left=True), ["down"]),
    ],
)
def test_what_was_announced_last_and_what_is_decide(case, wanted):
    assert due(case, Rules(), NOW) == wanted


def test_a_second_address_hears_of_it_once_when_nobody_acknowledges():
    rules = Rules(remind_every=None, escalate_after=timedelta(minutes=30))
    old = replace(ANNOUNCED, opened_at=NOW - timedelta(minutes=30))
    assert due(old, rules, NOW) == ["escalated"]
    assert due(replace(old, escalated=True), rules, NOW) == []
    assert due(replace(old, acknowledged=True), rules, NOW) == []
    assert due(replace(old, opened_at=NOW - timedelta(minutes=29)), rules, NOW) == []


def test_no_reminders_for_who_wants_none():
    assert due(replace(ANNOUNCED, announced_at=NOW - 100 * HOUR), Rules(remind_every=None), NOW) == []


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


@pytest.mark.parametrize(
    ("begins", "ends", "at", "until"),
    [
        pytest.param(time(22), time(7), "10-24 20:30", "10-25 06:00", id="a night of an hour more"),
        pytest.param(time(22), time(7), "03-28 21:30", "03-29 05:00", id="a night of an hour less"),
        pytest.param(time(22), time(2, 30), "10-25 00:15", "10-25 00:30", id="the first time of the hour"),
        pytest.param(time(22), time(2, 30), "10-25 00:45", None, id="after the end"),
        pytest.param(time(22), time(2, 30), "10-25 01:15", "10-25 01:30", id="its second time"),
        pytest.param(time(22), time(2, 30), "03-29 00:59", "03-29 01:30", id="an end that is left out"),
        pytest.param(time(2, 15), time(2, 45), "03-29 01:00", None, id="left out altogether"),
        pytest.param(time(22), time(7), "12-31 23:30", "01-01 06:00", id="the end of the year"),
    ],
)
def test_quiet_hours_over_a_change_of_the_clock_end_by_the_clock(begins, ends, at, until):
    moment = datetime.fromisoformat(f"2026-{at}+00:00")
    expected = until and datetime.fromisoformat(f"{2027 if until < at else 2026}-{until}+00:00")
    assert quiet_until(Quiet(begins, ends, "Europe/Berlin"), moment) == expected


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.times(), st.times(), st.sampled_from([*sorted(time_zones.known()), "Mars/Base"]),
)  # fmt: skip
def test_quiet_hours_end_within_a_day_or_so_and_always_later(moment, begins, ends, zone):
    until = quiet_until(Quiet(begins, ends, zone), moment)
    assert until is None or moment < until <= moment + timedelta(hours=50)
    if until is not None and until.astimezone(time_zones.named(zone)).time() == ends:
        assert quiet_until(Quiet(begins, ends, zone), until) is None


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
