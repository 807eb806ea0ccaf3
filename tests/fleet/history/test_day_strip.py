"""The last day and hour in the state row."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleet.history import day_strip, rollups
from fleet.models import Endpoint, Observation
from fleet.queries.availability import of_endpoint
from tests.fleet.past import at, endpoint

NOW = 1_800_000_000.0


def strip_of(*probes: tuple[float, str]) -> dict:
    """Of an endpoint that was probed then, every 30 s."""
    strip: dict = {}
    for moment, status in probes:
        strip = day_strip.add(strip, moment, status, None, None, 30)
    return strip


def test_the_day_has_a_cell_for_each_half_hour_and_each_shows_its_worst():
    cells = day_strip.day_cells(strip_of((NOW - 3 * day_strip.CELL, "up"), (NOW, "up"), (NOW, "down")), NOW)
    assert len(cells) == 48
    assert (cells[-4], cells[-2], cells[-1]) == ("up", None, "down")


def test_what_is_older_than_a_day_or_an_hour_is_dropped():
    strip = strip_of((NOW, "down"), (NOW + 26 * 3600, "up"))
    assert len(strip["times"]) == 1 and len(strip["hour"]) == 1
    assert day_strip.availability(strip, NOW + 26 * 3600) == 1.0


def test_availability_counts_down_only_and_leaves_out_unknown():
    found = ("up", "busy", "degraded", "down", "unknown")
    assert day_strip.availability(strip_of(*((NOW + 30 * n, each) for n, each in enumerate(found))), NOW + 120) == 0.75
    assert day_strip.availability({}, NOW) is None


def test_probes_that_confirm_a_failure_weigh_as_much_as_the_time_between_them():
    often = [(NOW + 30 + 5 * n, "down") for n in range(1, 7)]
    assert day_strip.availability(strip_of((NOW, "up"), (NOW + 30, "up"), *often), NOW + 60) == pytest.approx(2 / 3)


moves = st.tuples(
    st.one_of(st.floats(0.5, 90), st.integers(1, 20_000)),
    st.sampled_from(("up", "down", "busy", "degraded", "unknown")),
    st.sampled_from(("", "", "", "maintenance", "blind")),
    st.sampled_from((15, 30, 60, 3600)),
)


@pytest.mark.django_db
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(moves, min_size=1, max_size=40))
def test_the_board_and_the_availability_page_have_the_same_figure_of_any_history(team, found):
    Endpoint.objects.all().delete()
    gpu, strip, moment = endpoint(team), {}, NOW
    for gap, status, excluded, interval in found:
        moment = round(moment + gap, 3)
        Observation.objects.create(endpoint=gpu, at=at(moment), status=status, excluded=excluded, interval=interval)
        strip = day_strip.add(strip, moment, "unknown" if excluded else status, None, None, interval)
    for _ in range(2):  # from raw observations, and rolled up
        assert day_strip.availability(strip, moment) == pytest.approx(
            of_endpoint(gpu, moment).periods[0].share, abs=2e-4
        )
        rollups.roll_up(at(moment + 7200))


def test_a_strip_of_an_older_version_keeps_its_day():
    """Probes by cells of 24 minutes: each of a cell stands for the same time."""
    last = int(NOW // 1440)
    old = {"day": {str(last - 1): {"up": 36, "down": 12}, str(last - 2): {"up": 48}}, "hour": {}}
    assert day_strip.availability(old, NOW) == 0.875
    strip = day_strip.add(old, NOW, "up", None, None, 30)
    assert "day" not in strip and day_strip.availability(strip, NOW) == pytest.approx(0.876, abs=1e-3)
    assert day_strip.day_cells(strip, NOW).count("down") == 1


def test_latency_is_the_mean_of_a_minute_and_unknown_where_nothing_answered():
    value = day_strip.add({}, NOW, "up", 10.0, True, 30)
    value = day_strip.add(value, NOW, "up", 20.0, False, 30)
    value = day_strip.add(value, NOW - 120, "down", None, None, 30)
    latencies = day_strip.latencies(value, NOW)
    assert (len(latencies), latencies[-1], latencies[-3], latencies[-2]) == (60, 15.0, None, None)
    assert day_strip.busy_share(value, NOW) == 0.5
    assert day_strip.busy_share({}, NOW) is None
