import math

import pytest

from fleet.display.time_charts import Series, Value, chart, nice_ceiling, number, status_band
from fleet.display.time_span import up_to

HOUR = up_to(3600, 1_800_003_599)
"""From 08:00 to 09:00 UTC in 240 buckets."""


def flat(mean: float) -> Value:
    return Value(mean, mean, mean)


def filled(values: dict[int, Value]) -> list[Value | None]:
    return [values.get(i) for i in range(HOUR.buckets)]


def latency(values: dict[int, Value], **options):
    return chart("Latency", "ms", [Series("latency", filled(values))], HOUR, **options)


@pytest.mark.parametrize(
    ("value", "top"),
    [(0, 1), (0.03, 0.04), (0.7, 1), (1, 1), (3, 4), (5, 6), (6.5, 10), (31, 40), (99, 100), (101, 200), (6001, 10000)],
)
def test_the_axis_ends_at_a_round_number_whose_half_is_round(value, top):
    assert nice_ceiling(value) == pytest.approx(top)


@pytest.mark.parametrize(("value", "text"), [(0.42, "0.42"), (7.13, "7.1"), (31, "31"), (1250.4, "1\u202f250")])
def test_figures_have_as_many_digits_as_help(value, text):
    assert number(value) == text


def test_a_stretch_without_answers_is_a_gap():
    drawn = latency({i: flat(10) for i in [*range(10), *range(50, 60)]})
    assert drawn.lines[0].line.count("M") == 2


def test_probes_rarer_than_buckets_are_one_line():
    drawn = latency({i: flat(10) for i in range(0, 240, 4)})
    assert drawn.lines[0].line.count("M") == 1


@pytest.mark.parametrize("failed", [{100}, {102, 104}, {101}], ids=["one", "two", "between two that read it"])
def test_the_line_breaks_where_a_probe_read_nothing(failed):
    values = filled({i: flat(10) for i in range(0, 240, 2) if i not in failed})
    probed = ["down" if i in failed else "up" if i % 2 == 0 else None for i in range(240)]
    assert chart("KV cache", "%", [Series("in use", values, probed=probed)], HOUR).lines[0].line.count("M") == 2


def test_the_line_goes_on_where_one_probe_was_late():
    values = filled({i: flat(10) for i in range(0, 240, 2) if i != 100})
    probed = ["up" if value else None for value in values]
    assert chart("KV cache", "%", [Series("in use", values, probed=probed)], HOUR).lines[0].line.count("M") == 1


def test_a_figure_that_every_second_probe_reads_is_one_line():
    values = filled({i: flat(10) for i in range(0, 240, 2)})
    drawn = chart("KV cache", "%", [Series("in use", values, probed=["up"] * 240)], HOUR)
    assert drawn.lines[0].line.count("M") == 1


def test_a_lone_answer_is_a_dot():
    drawn = latency({100: flat(10)})
    assert (drawn.lines[0].line, drawn.lines[0].dots) == ("", "M201 0h0")
    assert not drawn.empty


def test_the_band_spans_the_extremes_and_is_left_out_where_there_is_one_value_per_bucket():
    assert latency({0: Value(5, 1, 10), 1: Value(5, 2, 8)}).lines[0].band == "M1 0l2 40 0 120-2 20z"
    assert latency({0: flat(5), 1: flat(6)}).lines[0].band == ""


def test_a_figure_known_between_two_bounds_alone_is_a_box_and_no_curve():
    line = latency(dict.fromkeys(range(4), Value(None, 2, 5)), top=10).lines[0]
    assert (line.line, line.dots, line.band) == ("", "", "M0 160h8v-60h-8z")


def test_a_figure_without_upper_bound_reaches_the_end_of_the_axis():
    drawn = latency({0: Value(None, 5, math.inf)})
    assert drawn.y_ticks[0] == "6 ms"
    assert drawn.lines[0].band == "M0 33h2v-33h-2z"
    assert drawn.lines[0].values.startswith("/5/inf,,")
    assert drawn.summary == "between 5 and ∞ ms"


def test_the_script_is_given_each_buckets_value_and_equal_neighbours_once():
    values = {0: Value(12.34, 8, 40), 1: Value(12.34, 8, 40), 3: flat(7), 4: flat(1234.5)}
    assert latency(values).lines[0].values.startswith("12.3/8/40,=,,7,1234,,")


def test_the_summary_says_what_the_picture_shows():
    assert latency({1: flat(10), 2: Value(20, 5, 90)}).summary == "mean 15 ms, highest 90 ms"
    assert latency({}).summary == "no figures in this time"
    assert latency({}).empty


def test_two_series_are_distinguished_by_name():
    both = [Series("running", filled({0: flat(3)})), Series("waiting", filled({0: flat(1)}), "second")]
    drawn = chart("Requests", "", both, HOUR, link="/?hour=")
    assert drawn.linked[0].title == "08:00 UTC: running 3, waiting 1"
    assert drawn.linked[0].href == "/?hour=1800000000"
    assert "running: mean 3" in drawn.summary and "waiting: mean 1" in drawn.summary


def test_a_fixed_top_holds_the_axis():
    drawn = chart("At work", "%", [Series("at work", filled({0: flat(3)}))], HOUR, top=100)
    assert drawn.y_ticks == ("100 %", "50", "0")


def test_equal_neighbours_of_the_status_band_are_joined_and_unseen_ones_left_empty():
    band = status_band(["up"] * 60 + [None] * 60 + ["down"] * 120)
    assert [(s.status, s.x, s.width) for s in band] == [("up", 0, 120), ("down", 240, 240)]


def test_the_status_band_has_no_holes_between_rare_probes_but_where_they_are_missing():
    statuses = ["up" if i % 4 == 0 and not 100 < i < 180 else None for i in range(HOUR.buckets)]
    assert [(s.x, s.width) for s in status_band(statuses)] == [(0, 208), (360, 120)]
