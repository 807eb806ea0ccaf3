"""The small drawings of a row."""

from fleet.display import board_charts


def test_a_strip_is_one_path_per_status_and_small():
    cells = ["up"] * 20 + ["down"] + ["up"] * 30 + [None] * 9
    drawn = board_charts.strip(cells, "x")
    assert drawn.count("<path") == 3
    assert 'class="c-down" d="M40 5h2"' in drawn
    assert len(drawn) < 400


def test_a_sparkline_has_a_gap_where_nothing_was_measured():
    drawn = board_charts.sparkline([1, 2, None, 4], "x")
    assert drawn.count("M") == 2
    assert board_charts.sparkline([None, None], "x") == ""
