from datetime import UTC
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from fleet.display.time_span import DAY, HOUR, RANGES, BadSpan, asked, up_to

NOW = 1_800_000_000.0  # 2027-01-15 08:00 UTC


def span(start: str = "", end: str = "", zone: str = "UTC", fine_since: float = 0.0):
    return asked({"from": start, "to": end}, NOW, fine_since, ZoneInfo(zone))


@pytest.mark.parametrize("key", RANGES)
def test_a_range_ends_now_and_has_few_buckets(key):
    found = asked({"range": key}, NOW, 0, UTC)
    assert found.end - found.start == RANGES[key] and found.start <= NOW - RANGES[key] + found.width
    assert found.end - found.width <= NOW < found.end
    assert 160 < found.buckets <= 270
    assert found.query == f"range={key}"


def test_an_unknown_range_is_the_hour():
    assert asked({"range": "99y"}, NOW, 0, UTC) == asked({}, NOW, 0, UTC)


def test_two_ends_are_a_span_that_its_query_asks_for_again():
    found = span("2027-01-15T06:00Z", "2027-01-15T07:00Z")
    assert (found.start, found.end, found.width) == (NOW - 7200, NOW - 3600, 15)
    assert found.query == "from=2027-01-15T06:00:00Z&to=2027-01-15T07:00:00Z"


def test_times_without_a_zone_are_of_the_readers_and_others_of_their_own():
    local = span("2027-01-15T07:00", "2027-01-15T08:00", "Europe/Berlin")
    assert local == span("2027-01-15T06:00Z", "2027-01-15T08:00:00+01:00")


def test_the_end_is_now_at_the_latest():
    assert NOW <= span("2027-01-15T07:00Z", "2027-02-15T07:00Z").end < NOW + 15


def test_of_times_whose_probes_are_not_kept_there_are_hours():
    assert span("2027-01-15T06:00Z", "2027-01-15T07:00Z", fine_since=NOW).width == HOUR


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("yesterday", "2027-01-15T07:00Z", "“yesterday” is no time. Write it like 2026-11-28T14:00Z."),
        ("", "2027-01-15T07:00Z", "Both ends are needed"),
        ("2027-01-15T07:00Z", "2027-01-15T06:00Z", "not after its start"),
        ("2027-01-15T07:00Z", "2027-01-15T07:00:30Z", "one minute"),
        ("2026-01-15T07:00Z", "2027-01-15T07:00Z", "90 days"),
        ("2027-01-16T07:00Z", "2027-01-17T07:00Z", "has not come yet"),
        ("0001-01-01T00:00+14:00", "2027-01-15T07:00Z", "90 days"),
    ],
)
def test_what_can_not_be_shown_is_refused_in_a_sentence(start, end, words):
    with pytest.raises(BadSpan) as refused:
        span(start, end)
    assert words in str(refused.value)


def test_clock_times_are_round_with_the_date_where_the_day_changes():
    assert [tick.text for tick in up_to(HOUR, NOW - 1).ticks] == ["07:00", "07:10", "07:20", "07:30", "07:40", "07:50"]
    day = [tick.text for tick in up_to(DAY, NOW).ticks]
    assert day == ["09:00", "12:00", "15:00", "18:00", "21:00", "15 Jan 00:00", "03:00", "06:00"]
    assert [tick.text for tick in up_to(30 * DAY, NOW).ticks][:2] == ["18 Dec", "23 Dec"]


@pytest.mark.parametrize("seconds", [60, 600, 2 * HOUR, 8 * HOUR, 3 * DAY, 20 * DAY, 90 * DAY])
def test_clock_times_are_few_and_evenly_spread(seconds):
    ticks = up_to(seconds, NOW).ticks
    assert 3 <= len(ticks) <= 9
    assert len({b.at - a.at for a, b in pairwise(ticks)}) == 1


def test_earlier_later_wider_and_shorter_spans_are_asked_for_by_their_ends():
    found = span("2027-01-15T06:00Z", "2027-01-15T07:00Z")
    assert found.earlier == "from=2027-01-15T05:30:00Z&to=2027-01-15T06:30:00Z"
    assert found.later == "from=2027-01-15T06:30:00Z&to=2027-01-15T07:30:00Z"
    assert found.twice == "from=2027-01-15T05:30:00Z&to=2027-01-15T07:30:00Z"
    assert found.half == "from=2027-01-15T06:15:00Z&to=2027-01-15T06:45:00Z"


def test_the_shortest_span_has_no_shorter_one():
    assert span("2027-01-15T06:00Z", "2027-01-15T06:01:30Z").half == "from=2027-01-15T06:00:15Z&to=2027-01-15T06:01:15Z"
    assert span("2027-01-15T06:00Z", "2027-01-15T06:01Z").half == ""
