"""The last day and hour in the state row."""

from fleet.history import day_strip

NOW = 1_800_000_000.0


def test_the_day_has_sixty_cells_and_each_shows_its_worst():
    value = day_strip.add({}, NOW - 3 * day_strip.CELL, "up", 10.0, None)
    value = day_strip.add(value, NOW, "up", 10.0, None)
    value = day_strip.add(value, NOW, "down", None, None)
    cells = day_strip.day_cells(value, NOW)
    assert len(cells) == 60
    assert (cells[-4], cells[-2], cells[-1]) == ("up", None, "down")


def test_what_is_older_than_a_day_or_an_hour_is_dropped():
    value = day_strip.add({}, NOW, "down", 10.0, None)
    value = day_strip.add(value, NOW + 25 * 3600, "up", 20.0, None)
    assert len(value["day"]) == 1 and len(value["hour"]) == 1
    assert day_strip.availability(value, NOW + 25 * 3600) == 1.0


def test_availability_counts_down_only_and_leaves_out_unknown():
    value: dict = {}
    for status in ("up", "busy", "degraded", "down", "unknown"):
        value = day_strip.add(value, NOW, status, None, None)
    assert day_strip.availability(value, NOW) == 0.75
    assert day_strip.availability({}, NOW) is None


def test_latency_is_the_mean_of_a_minute_and_unknown_where_nothing_answered():
    value = day_strip.add({}, NOW, "up", 10.0, True)
    value = day_strip.add(value, NOW, "up", 20.0, False)
    value = day_strip.add(value, NOW - 120, "down", None, None)
    latencies = day_strip.latencies(value, NOW)
    assert (len(latencies), latencies[-1], latencies[-3], latencies[-2]) == (60, 15.0, None, None)
    assert day_strip.busy_share(value, NOW) == 0.5
    assert day_strip.busy_share({}, NOW) is None
