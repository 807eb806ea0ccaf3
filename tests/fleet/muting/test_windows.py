"""When a maintenance window is on: table, days on which the clock changes, and properties."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import MONTHLY, rrule
from hypothesis import given
from hypothesis import strategies as st

from fleet.muting.windows import between, current, first, following

BERLIN = "Europe/Berlin"


@dataclass
class Window:
    starts_at: datetime
    minutes: int = 60
    repeats: str = "once"
    time_zone: str = "UTC"
    last_day: date | None = None


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def begins(window: Window, moment: datetime) -> str | None:
    """When the next one begins, by the window's own clock."""
    found = following(window, moment)
    return f"{found[0].astimezone(ZoneInfo(window.time_zone)):%Y-%m-%d %H:%M}" if found else None


@pytest.mark.parametrize(
    ("moment", "on"), [("13:59", False), ("14:00", True), ("14:59:59", True), ("15:00", False), ("23:00", False)]
)
def test_one_that_is_once_is_on_from_its_start_until_just_before_its_end(moment, on):
    window = Window(at("2026-11-22 14:00"))
    assert bool(current(window, at(f"2026-11-22 {moment}"))) is on
    assert current(window, at("2026-11-23 14:30")) is None


def test_what_is_to_come_is_reported_and_nothing_after_the_last():
    window = Window(at("2027-11-22 14:00"))
    assert following(window, at("2026-01-01 00:00")) == (at("2027-11-22 14:00"), at("2027-11-22 15:00"))
    assert following(window, at("2027-11-22 14:00")) is None


@pytest.mark.parametrize(
    ("repeats", "first", "now", "expected"),
    [
        ("daily", "2020-01-01 02:00", "2026-11-22 01:00", "2026-11-22 02:00"),
        ("daily", "2020-01-01 02:00", "2026-11-22 02:00", "2026-11-23 02:00"),
        ("weekly", "2026-11-02 02:00", "2026-11-22 12:00", "2026-11-23 02:00"),
        ("weekly", "2030-11-04 02:00", "2026-11-22 12:00", "2030-11-04 02:00"),
        ("monthly", "2026-01-15 02:00", "2026-02-16 00:00", "2026-03-15 02:00"),
        ("monthly", "2026-01-31 02:00", "2026-02-01 00:00", "2026-02-28 02:00"),
        ("monthly", "2026-01-31 02:00", "2026-04-01 00:00", "2026-04-30 02:00"),
        ("monthly", "2027-12-30 02:00", "2028-02-01 00:00", "2028-02-29 02:00"),
        ("monthly", "2026-01-30 02:00", "2026-03-01 00:00", "2026-03-30 02:00"),
    ],
)
def test_repetitions_come_round(repeats, first, now, expected):
    assert begins(Window(at(first), repeats=repeats), at(now)) == expected


@pytest.mark.parametrize("repeats", ["daily", "weekly"])
@pytest.mark.parametrize("day", ["2026-03-28", "2026-03-29", "2026-03-30", "2026-10-24", "2026-10-25", "2026-10-26"])
def test_a_window_stays_at_its_hour_through_summer_time(repeats, day):
    first = datetime.fromisoformat(day) - timedelta(days=70)
    window = Window(at(f"{first:%Y-%m-%d} 06:00", BERLIN), repeats=repeats, time_zone=BERLIN)
    assert begins(window, at(f"{day} 05:00", BERLIN)) == f"{day} 06:00"
    assert current(window, at(f"{day} 06:30", BERLIN)) and not current(window, at(f"{day} 07:00", BERLIN))


def test_an_hour_that_the_clock_leaves_out_is_made_up_for_at_once():
    window = Window(at("2026-03-01 02:30", BERLIN), repeats="daily", time_zone=BERLIN)
    assert begins(window, at("2026-03-29 00:00", BERLIN)) == "2026-03-29 03:30"


def test_an_hour_that_comes_twice_is_used_once():
    window = Window(at("2026-10-01 02:30", BERLIN), minutes=30, repeats="daily", time_zone=BERLIN)
    night = at("2026-10-25 00:00", BERLIN)
    on = [night + timedelta(minutes=m) for m in range(5 * 60) if current(window, night + timedelta(minutes=m))]
    assert len(on) == 30 and on[0] == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_window_that_crosses_the_change_keeps_its_length():
    window = Window(at("2026-03-01 01:00", BERLIN), minutes=180, repeats="daily", time_zone=BERLIN)
    start, end = current(window, at("2026-03-29 04:30", BERLIN))
    assert end - start == timedelta(hours=3)
    assert current(window, at("2026-03-29 05:00", BERLIN)) is None


def test_nothing_begins_after_the_last_day_by_the_windows_own_clock():
    last = date(2026, 11, 22)
    window = Window(at("2026-11-20 23:30", "Asia/Tokyo"), repeats="daily", time_zone="Asia/Tokyo", last_day=last)
    assert begins(window, at("2026-11-22 00:00", "Asia/Tokyo")) == "2026-11-22 23:30"
    assert current(window, at("2026-11-23 00:29", "Asia/Tokyo")), "what began on the last day goes on to its end"
    assert following(window, at("2026-11-22 23:30", "Asia/Tokyo")) is None


some = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
moments = some.map(lambda moment: moment.replace(second=0, microsecond=0))
zones = st.sampled_from(["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia"])
kinds = st.sampled_from(["once", "daily", "weekly", "monthly"])


@given(moments, st.integers(1, 1440), kinds, zones, moments)
def test_what_follows_is_on_once_it_has_begun_and_over_at_its_end(first, minutes, repeats, zone, moment):
    window = Window(first, minutes, repeats, zone)
    found = following(window, moment)
    if found is None:
        assert repeats == "once" and first <= moment
        return
    start, end = found
    assert start > moment and start >= first and end - start == timedelta(minutes=minutes)
    assert current(window, start)[0] == start
    on = current(window, end)
    assert on is None or on[0] > start


@given(moments, st.integers(1, 1440), kinds, zones, moments)
def test_what_is_on_has_begun_and_is_not_over(first, minutes, repeats, zone, moment):
    found = current(Window(first, minutes, repeats, zone), moment)
    if found:
        assert first <= found[0] <= moment < found[1]
    elif first <= moment < first + timedelta(minutes=minutes):
        raise AssertionError("the first one is missed")


@given(moments, moments)
def test_months_that_are_counted_from_close_by_have_the_same_days_as_from_the_first(start, moment):
    window, naive = Window(start, repeats="monthly"), start.replace(tzinfo=None)
    rule = rrule(MONTHLY, dtstart=naive, bymonthday=(naive.day, -1), bysetpos=1)
    expected = rule.after(moment.replace(tzinfo=None)).replace(tzinfo=UTC)
    assert following(window, moment)[0] == expected


ends_of_the_calendar = st.sampled_from(
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1, 1, 31, 23, 59, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=ZoneInfo("Pacific/Kiritimati")),
        datetime(9999, 12, 31, 23, 59, tzinfo=ZoneInfo("America/Los_Angeles")),
    ]
)
clocks = st.sampled_from(["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
lengths = st.sampled_from([-(2**40), -1, 0, 30, 2**31 - 1, 2**62])
last_days = st.sampled_from([None, date.min, date.max])


@given(ends_of_the_calendar, lengths, kinds, clocks, last_days, moments | ends_of_the_calendar)
def test_nothing_that_is_stored_overflows(start, minutes, repeats, zone, last_day, moment):
    window = Window(start, minutes, repeats, zone, last_day)
    for stretch in (current(window, moment), following(window, moment), first(window)):
        assert stretch is None or stretch[0] <= stretch[1]


@pytest.mark.parametrize("repeats", ["daily", "weekly", "monthly"])
def test_a_window_of_the_year_one_still_comes_round(repeats):
    window = Window(datetime(1, 1, 15, 2, tzinfo=UTC), 30, repeats)
    start, end = following(window, at("2026-11-22 00:00"))
    assert at("2026-11-22 00:00") < start < at("2026-12-23 00:00") and end - start == timedelta(minutes=30)
    assert current(window, start)


@pytest.mark.parametrize("zone", ["Mars/Base", "Europe", "", "../../etc/passwd", "a\0b", "ü" * 300])
def test_a_time_zone_that_is_no_more_counts_as_utc(zone):
    window, moment = Window(at("2026-07-22 00:00"), repeats="daily", time_zone=zone), at("2026-11-23 00:30")
    assert current(window, moment) == (at("2026-11-23 00:00"), at("2026-11-23 01:00"))
    assert following(window, moment)[0] == at("2026-11-24 00:00")


def test_a_repetition_that_is_unknown_is_named():
    with pytest.raises(ValueError, match="hourly"):
        current(Window(at("2026-11-22 00:00"), repeats="hourly"), at("2026-11-23 00:00"))


def test_between_two_moments_are_all_its_times_with_the_one_that_is_on_already():
    window = Window(at("2026-11-01 23:30"), repeats="daily", last_day=date(2026, 11, 3))
    found = between(window, at("2026-11-02 00:10"), at("2026-11-20 00:00"))
    assert [f"{start:%d %H:%M}-{end:%d %H:%M}" for start, end in found] == [
        "01 23:30-02 00:30",
        "02 23:30-03 00:30",
        "03 23:30-04 00:30",
    ]
