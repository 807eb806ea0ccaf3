"""The counts of an hour: packed, unpacked, added up."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.evidence import counts

NAMES = st.sampled_from(counts._NAMES)
HOURS = st.dictionaries(NAMES, st.integers(1, 2**40), max_size=60)


@given(HOURS)
def test_what_is_packed_can_be_unpacked(hour):
    assert counts.unpack(counts.pack(hour)) == hour


@given(st.lists(HOURS, max_size=6), st.randoms())
def test_the_order_of_hours_does_not_matter(hours, chance: random.Random):
    mixed = chance.sample(hours, len(hours))
    assert counts.merged(mixed) == counts.merged(hours)


@given(HOURS, HOURS, HOURS)
def test_hours_can_be_added_up_to_days_first(one, two, three):
    assert counts.merged([counts.merged([one, two]), three]) == counts.merged([one, two, three])


def test_a_busy_hour_takes_some_two_hundred_bytes():
    hour = {"probes": 240, "gauges": 240, "at_work": 200, "running_sum": 900, "queued_sum": 300, "requests": 4000}
    hour |= {"generation_tokens": 3_000_000, "prompt_tokens": 9_000_000, "cached_tokens": 4_000_000}
    hour |= {f"{name}.{n}": 20 + n for name in ("running", "queued", "kv") for n in range(9)}
    hour |= {f"{name}.{n}": 300 + n for name in counts.HISTOGRAMS for n in range(3, 15)}
    assert len(counts.pack(hour)) < 260


@pytest.mark.parametrize("packed", [b"\x80", b"\x00\x01\x00", b"\x00\x01\xff\xff\x01"])
def test_damaged_rows_are_refused(packed):
    with pytest.raises(ValueError, match="The counts of an hour"):
        counts.unpack(packed)


def test_numbers_beyond_what_is_packed_and_names_of_other_versions_do_no_harm():
    assert counts.unpack(counts.pack({"requests": 10**30, "of another version": 3})) == {"requests": 2**64 - 1}
