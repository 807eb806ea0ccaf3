"""What the clocks of time zones show, and stored names of zones that are no more."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import time_zones

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # its summer time is half an hour
APIA = ZoneInfo("Pacific/Apia")  # left out 30 December 2011


@pytest.mark.parametrize("name", ["Mars/Base", "Europe", "", "../../etc/passwd", "a\0b", "ü" * 300])
def test_a_name_that_is_not_known_counts_as_utc_and_is_named(name):
    assert time_zones.named(name) is UTC
    assert f"“{name}” is not known on this machine, so UTC is used" in time_zones.lost(name)


def test_names_that_are_no_zone_are_not_offered():
    assert {"Europe/Berlin", "UTC"} < time_zones.known()
    assert not {"Factory", "localtime"} & time_zones.known()


def test_a_name_that_is_known_is_kept_without_a_word():
    assert time_zones.named("Europe/Berlin") is BERLIN and time_zones.lost("Europe/Berlin") == ""
    assert time_zones.named("UTC").utcoffset(None) == timedelta() and time_zones.lost("UTC") == ""


@pytest.mark.parametrize(
    ("wall", "zone", "after", "expected"),
    [
        ("2026-10-25 02:30", BERLIN, None, "2026-10-25 00:30"),
        ("2026-10-25 02:30", BERLIN, "2026-10-25 00:29", "2026-10-25 00:30"),
        ("2026-10-25 02:30", BERLIN, "2026-10-25 00:30", "2026-10-25 01:30"),
        ("2026-10-25 02:30", BERLIN, "2026-10-25 01:29", "2026-10-25 01:30"),
        ("2026-10-25 02:30", BERLIN, "2026-10-25 02:00", "2026-10-25 00:30"),
        ("2026-10-25 03:00", BERLIN, "2026-10-25 00:30", "2026-10-25 02:00"),
        ("2026-03-29 02:30", BERLIN, None, "2026-03-29 01:30"),
        ("2026-03-29 02:30", BERLIN, "2026-03-29 01:10", "2026-03-29 01:30"),
        ("2026-04-05 01:45", LORD_HOWE, "2026-04-04 14:50", "2026-04-04 15:15"),
        ("2026-10-04 02:15", LORD_HOWE, None, "2026-10-03 15:45"),
        ("2011-12-30 12:00", APIA, None, "2011-12-30 22:00"),
    ],
)
def test_the_moment_at_which_a_clock_shows_a_time(wall, zone, after, expected):
    found = time_zones.moment(
        datetime.fromisoformat(wall), zone, datetime.fromisoformat(f"{after}+00:00") if after else None
    )
    assert found.astimezone(UTC) == datetime.fromisoformat(f"{expected}+00:00")


@given(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)), st.sampled_from(sorted(time_zones.known())))
def test_what_a_clock_shows_is_a_moment_at_which_it_shows_that(moment, name):
    zone = time_zones.named(name)
    local = moment.replace(tzinfo=UTC).astimezone(zone)
    wall = local.replace(tzinfo=None, fold=0)
    just_before = moment.replace(tzinfo=UTC) - timedelta(microseconds=1)
    assert time_zones.moment(wall, zone, just_before).astimezone(UTC) == moment.replace(tzinfo=UTC)
    assert time_zones.moment(wall, zone).timestamp() <= local.timestamp()


@pytest.mark.parametrize("day", [datetime(1, 1, 1), datetime(9999, 12, 31)])
@pytest.mark.parametrize("name", ["Asia/Tokyo", "America/Los_Angeles"])
def test_the_ends_of_the_calendar_raise_nothing(day, name):
    time_zones.moment(day, time_zones.named(name), datetime.now(UTC))
