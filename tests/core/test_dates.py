"""The dates that are taken."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.dates import trouble_with


@pytest.mark.parametrize("days", [-366, -1, 0, 1, 3652])
def test_a_year_back_and_ten_ahead_are_taken(days):
    moment = datetime.now(UTC) + timedelta(days=days, minutes=1)
    assert not trouble_with(moment)
    assert not trouble_with(moment.date())


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
@pytest.mark.parametrize("year", [1, 1899, 1970, 2020])
def test_what_is_long_past_is_refused(zone, year):
    assert "more than a year ago" in trouble_with(datetime(year, 1, 1, tzinfo=ZoneInfo(zone)))
    assert "more than a year ago" in trouble_with(date(year, 1, 1))


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
@pytest.mark.parametrize("year", [2100, 9999])
def test_what_is_far_ahead_is_refused(zone, year):
    assert "ten years ahead" in trouble_with(datetime(year, 12, 31, 23, 59, tzinfo=ZoneInfo(zone)))
    assert "ten years ahead" in trouble_with(date(year, 12, 31))
