"""Hours of load: kept for two weeks, then as days for a year."""

import pytest

from core.models import PutOff
from fleet.evidence import counts
from fleet.evidence.collect import Hour
from fleet.evidence.window import DAY
from fleet.load import hours
from fleet.models import EndpointState, LoadHour

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NOW = 1_795_510_800 // DAY * DAY + 9 * 3600
"""Nine o'clock (UTC)."""
TODAY = NOW // DAY * DAY
KEPT = TODAY - 14 * DAY
"""The oldest day that is still kept by the hour."""


def stored(**only) -> list[tuple[int, int, str, dict]]:
    rows = LoadHour.objects.filter(**only).order_by("start", "model")
    return [(row.start, row.seconds, row.model, counts.unpack(bytes(row.counts))) for row in rows]


def test_hours_of_two_weeks_are_kept_and_those_before_become_days(gpu, hour):
    for start in (KEPT - DAY, KEPT - 3600, KEPT, NOW - 3600):
        hour(gpu, start, probes=200, running_max=start % 7 + 1)
    hour(gpu, KEPT - 7200, "m", requests=5)
    hours.upkeep(NOW)
    day = KEPT - DAY
    most = max((KEPT - DAY) % 7, (KEPT - 3600) % 7) + 1
    assert stored(seconds=DAY) == [
        (day, DAY, "", {"probes": 400, "running_max": most}),
        (day, DAY, "m", {"requests": 5}),
    ]
    assert [start for start, *_ in stored(seconds=3600)] == [KEPT, NOW - 3600]


def test_hours_with_other_buckets_become_days_of_their_own(gpu):
    edges = {"ttft": ["0.5", "+Inf"]}, {"ttft": ["1.0", "+Inf"]}
    for n, each in enumerate((edges[0], edges[1], edges[0])):
        found = Hour(KEPT - DAY + n * 3600, "m", {"ttft.0": 1}, each)
        hours.store([hours.packed(gpu.pk, found)])
    hours.upkeep(NOW)
    days = LoadHour.objects.filter(seconds=DAY)
    assert sorted((day.edges.edges["ttft"][0], counts.unpack(bytes(day.counts))["ttft.0"]) for day in days) == [
        ("0.5", 2),
        ("1.0", 1),
    ]


def test_days_are_made_once(gpu, hour):
    hour(gpu, KEPT - 3600)
    for _ in range(2):
        hours.upkeep(NOW)
    assert len(stored()) == 1


def test_days_are_dropped_after_a_year(gpu, hour):
    for start in (TODAY - 367 * DAY, TODAY - 365 * DAY):
        row = hour(gpu, start)
        LoadHour.objects.filter(pk=row.pk).update(seconds=DAY)
    hours.upkeep(NOW)
    assert [start for start, *_ in stored()] == [TODAY - 365 * DAY]


def test_an_hour_that_cannot_be_read_does_not_keep_its_day_from_being_made(gpu, hour):
    hour(gpu, KEPT - 3600, probes=9)
    LoadHour.objects.filter(pk=hour(gpu, KEPT - 7200).pk).update(counts=b"\xff\xff")
    hours.upkeep(NOW)
    assert stored() == [(KEPT - DAY, DAY, "", {"probes": 9})]
    assert not PutOff.objects.exists()


def test_the_hour_under_way_is_read_with_those_that_are_stored(gpu, hour):
    hour(gpu, NOW - 3600, probes=240)
    state = {"hour": NOW, "counts": {"": {"probes": 7}, "m": {"ttft.0": 1}}, "edges": {"m": {"ttft": ["0.5", "+Inf"]}}}
    EndpointState.objects.filter(pk=gpu.pk).update(collected=state)
    rows = hours.rows([gpu.pk], NOW - DAY)[gpu.pk]
    assert [(row.start, row.model, row.counts) for row in rows] == [
        (NOW - 3600, "", {"probes": 240}),
        (NOW, "", {"probes": 7}),
        (NOW, "m", {"ttft.0": 1}),
    ]
    assert rows[2].edges == {"ttft": ("0.5", "+Inf")}


@pytest.mark.parametrize("broken", [[], {"hour": "x"}, {"hour": NOW, "counts": 3}])
def test_an_hour_under_way_that_cannot_be_read_is_left_out(gpu, hour, broken):
    hour(gpu, NOW - 3600)
    EndpointState.objects.filter(pk=gpu.pk).update(collected=broken)
    assert [row.start for row in hours.rows([gpu.pk], NOW - DAY)[gpu.pk]] == [NOW - 3600]


def test_only_the_endpoints_that_are_asked_for_are_read(gpu, hour):
    hour(gpu, NOW - 3600)
    assert hours.rows([gpu.pk + 1], NOW - DAY) == {}


def test_the_hours_before_a_moment_are_read_without_those_after_it(gpu, hour):
    for n in range(1, 5):
        hour(gpu, NOW - 3600 * n)
    found = hours.rows([gpu.pk], NOW - 4 * 3600, until=NOW - 2 * 3600)[gpu.pk]
    assert [row.start for row in found] == [NOW - 4 * 3600, NOW - 3 * 3600]
