"""Requests under way and nothing moving: the check that costs nothing."""

from dataclasses import replace
from itertools import pairwise

import pytest

from fleet.engines.errors import Cause
from fleet.engines.reading import Load
from fleet.verdict.stall import Still, count, may_be_stuck, wedged
from fleet.verdict.status import Finding, Status

LOAD = Load(running=2, waiting=0, kv_cache_usage=0.5, prompt_tokens=10, generation_tokens=20, requests=3)


def probes(loads: list[Load], every: float) -> tuple[Still, float]:
    """Probes that saw these loads, one after the other; the last one's time besides."""
    still, at = Still(), 0.0
    for before, now in pairwise(loads):
        at += every
        still = count(still, before, now, at)
    return still, at


def test_figures_at_rest_may_be_stuck_after_three_probes_and_thirty_seconds_and_are_never_wedged():
    still, at = probes([LOAD] * 4, every=30)
    found = may_be_stuck(still, LOAD, at)
    assert found == Finding(Cause.MAY_BE_STUCK, "load", "2 requests under way, no token for 3 probes")
    assert found.status is Status.DEGRADED
    assert wedged(still, LOAD, at) is None


@pytest.mark.parametrize(
    ("number", "every", "enough"),
    [(4, 3, False), (7, 5, False), (8, 5, True), (3, 600, False), (4, 600, True)],
)
def test_both_the_probes_and_the_seconds_must_have_passed(number, every, enough):
    still, at = probes([LOAD] * number, every)
    assert (may_be_stuck(still, LOAD, at) is not None) is enough


def deferring(*deferred: int | None, **changes: object) -> list[Load]:
    return [replace(LOAD, running=3, deferred=n, **changes) for n in deferred]


def test_deferred_requests_that_rise_while_those_running_stand_still_are_wedged():
    loads = [replace(load, kv_cache_usage=0.2 + n / 100) for n, load in enumerate(deferring(92, 227, 300, 468))]
    still, at = probes(loads, every=30)
    found = wedged(still, loads[-1], at)
    assert found is not None and (found.cause, found.status) == (Cause.WEDGED, Status.DOWN)
    assert found.detail == "468 requests deferred, more and more, while 3 run without a token for 3 probes"
    assert wedged(*as_seen(deferring(0, 0, 0, 4, 4, 9), every=15)) is not None  # in steps, and from rest


@pytest.mark.parametrize(
    "loads",
    [
        deferring(5, 5, 5, 5, 5),
        deferring(5, 5, 6, 6, 6),  # one more, once
        deferring(9, 8, 7, 6, 5),
        deferring(5, 6, 7, 4, 5),  # some were let in meanwhile
        deferring(None, None, None, None, None),
        [replace(load, running=3 - n % 2) for n, load in enumerate(deferring(5, 6, 7, 8, 9))],
        [replace(load, running=None) for load in deferring(5, 6, 7, 8, 9)],
        [replace(load, generation_tokens=20 + n) for n, load in enumerate(deferring(5, 6, 7, 8, 9))],
        [replace(load, requests=n) for n, load in enumerate(deferring(5, 6, 7, 8, 9))],
        [replace(load, process_start=float(n)) for n, load in enumerate(deferring(5, 6, 7, 8, 9))],
        deferring(5, 6, 7, 8, 9, generation_tokens=None),
    ],
)
def test_all_else_is_not_wedged(loads):
    assert wedged(*as_seen(loads, every=30)) is None


def as_seen(loads: list[Load], every: float) -> tuple[Still, Load, float]:
    still, at = probes(loads, every)
    return still, loads[-1], at


def test_figures_that_are_kept_after_requests_were_aborted_are_not_wedged():
    """vllm-project/vllm#22545: the last figures stay until the next request."""
    old = Load(
        running=106, waiting=15, kv_cache_usage=0.904, generation_tokens=52_000, requests=40, process_start=1.8e9
    )
    assert wedged(*as_seen([old] * 12, every=15)) is None
    assert may_be_stuck(*as_seen([old] * 12, every=15)) is not None


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
        {"generation_tokens": None},  # not reported
    ],
)
def test_any_sign_of_life_restarts_the_count(change):
    assert count(Still(2, 7.0), LOAD, replace(LOAD, **change), 40.0) == Still()


@pytest.mark.parametrize("waits", [{"waiting": 1}, {"deferred": 1}])
def test_requests_that_only_wait_are_under_way_too(waits):
    load = replace(LOAD, running=0, **waits)
    still, at = probes([load] * 4, every=30)
    assert may_be_stuck(still, load, at).detail == "1 request under way, no token for 3 probes"
