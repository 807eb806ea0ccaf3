"""Requests under way and nothing moving: the check that costs nothing."""

from dataclasses import replace
from itertools import pairwise

import pytest

from fleet.engines.errors import Cause
from fleet.engines.reading import Load
from fleet.standstill import Still, count, find
from fleet.status import Finding

LOAD = Load(running=2, waiting=0, kv_cache_usage=0.5, prompt_tokens=10, generation_tokens=20, requests=3)


def looks(loads: list[Load], every: float) -> tuple[Still, float]:
    """Looks at these loads, one after the other; the last one's time besides."""
    still, at = Still(), 0.0
    for before, now in pairwise(loads):
        at += every
        still = count(still, before, now, at)
    return still, at


def test_three_looks_and_thirty_seconds_without_a_token_are_wedged():
    still, at = looks([LOAD] * 4, every=30)
    assert find(still, LOAD, at) == Finding(Cause.WEDGED, "load", "2 requests under way, no token for 3 looks")


def test_quick_looks_wait_until_thirty_seconds_have_passed():
    assert find(*_told(looks([LOAD] * 4, every=3))) is None
    assert find(*_told(looks([LOAD] * 7, every=5))) is None
    assert find(*_told(looks([LOAD] * 8, every=5))) is not None


def test_two_looks_are_not_enough_however_far_apart():
    assert find(*_told(looks([LOAD] * 3, every=600))) is None


def _told(seen: tuple[Still, float]) -> tuple[Still, Load, float]:
    return seen[0], LOAD, seen[1]


@pytest.mark.parametrize(
    "change",
    [
        {"generation_tokens": 21},
        {"prompt_tokens": 11},
        {"requests": 4},
        {"kv_cache_usage": 0.6},  # a long prompt is being read in
        {"process_start": 5.0},  # restarted
        {"running": 0},
        {"running": None, "waiting": None},
        {"generation_tokens": None},  # not told
    ],
)
def test_any_sign_of_life_begins_the_count_anew(change):
    assert count(Still(2, 7.0), LOAD, replace(LOAD, **change), 40.0) == Still()


def test_waiting_requests_alone_count_as_under_way():
    load = replace(LOAD, running=0, waiting=1)
    still, at = looks([load] * 4, every=30)
    assert find(still, load, at).detail == "1 request under way, no token for 3 looks"
