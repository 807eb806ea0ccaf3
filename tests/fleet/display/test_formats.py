"""Figures in words."""

import pytest

from fleet.display import formats


@pytest.mark.parametrize(
    ("seconds", "span", "duration"),
    [
        (0, "0 s", "0 s"),
        (59, "59 s", "59 s"),
        (250, "4 min", "4 min 10 s"),
        (7500, "2 h", "2 h 5 min"),
        (90000, "1 d", "1 d 1 h"),
    ],
)
def test_times_are_given_in_their_largest_units(seconds, span, duration):
    assert (formats.span(seconds), formats.duration(seconds)) == (span, duration)


def test_a_share_is_never_rounded_up_to_all():
    assert formats.percent(0.99996) == "99.9 %"
    assert formats.percent(1.0) == "100 %"
    assert formats.percent(None) == "not known"
