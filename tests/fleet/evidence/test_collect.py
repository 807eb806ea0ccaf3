"""What probes add to the hour under way."""

from dataclasses import replace

import pytest

from fleet.engines.errors import Cause
from fleet.engines.reading import Canary, Counted, Facts, Failure, Load, Model, Reading
from fleet.evidence.collect import SERVER, Collecting, collect

NINE = 1_795_510_800  # a full hour
MODEL = Model("llama3:8b", digest="d1", loaded=True, size_loaded=100, size_vram=100, expires_at="2026-11-24T10:00:00Z")


class Hours:
    """Collects readings one after the other, as the probes of an endpoint do."""

    def __init__(self):
        self.so_far, self.over, self.at = Collecting(), [], NINE
        self.before = Facts()

    def add(self, excluded=False, seconds=15, **reading):
        found = Reading(float(self.at), **reading)
        # As it is stored between two probes.
        self.so_far = Collecting.from_json(self.so_far.to_json())
        self.over += collect(self.so_far, self.before, found, excluded)
        self.before = found.facts
        self.at += seconds

    def now(self, model=SERVER):
        return self.so_far.counts.get(model, {})


@pytest.fixture
def hours():
    return Hours()


def counted(requests, ttft=(0, 0, 0), series="one", **more):
    edges = more.pop("edges", ("0.5", "1.0", "+Inf"))
    sums = dict(zip(edges, [sum(ttft[: n + 1]) for n in range(len(ttft))], strict=True))
    return (Counted("m", series, {"requests": requests, **more}, {"ttft": sums}),)


def test_gauges_count_with_every_probe(hours):
    hours.add(load=Load(running=2, waiting=1, kv_cache_usage=0.97))
    hours.add(load=Load(running=0, waiting=0, kv_cache_usage=0.0))
    assert hours.now() == {
        "probes": 2, "gauges": 2, "at_work": 1, "waiting": 1, "kv_full": 1, "running_sum": 2, "queued_sum": 1,
        "running.2": 1, "running.0": 1, "queued.1": 1, "queued.0": 1, "kv.12": 1, "kv.0": 1,
        "running_max": 2, "queued_max": 1, "waiting_max": 2, "at_max": 1,
    }  # fmt: skip


def test_an_hour_is_over_with_the_first_probe_of_the_next(hours):
    hours.add(load=Load(running=1), seconds=3600)
    hours.add(load=Load(running=1))
    assert [(hour.start, hour.model, hour.counts["probes"]) for hour in hours.over] == [(NINE, SERVER, 1)]


def test_maintenance_and_blind_stretches_are_left_out(hours):
    hours.add(load=Load(running=9, waiting=9), excluded=True)
    assert hours.now() == {"excluded": 1}


def test_a_failed_probe_has_no_gauges(hours):
    hours.add(failure=Failure(Cause.CONNECTION_REFUSED, "connect"))
    assert hours.now() == {"probes": 1}


def test_a_quarter_of_an_hour_with_five_waiting_is_saturated(hours):
    for _ in range(60):
        hours.add(load=Load(running=2, waiting=6))
    for _ in range(61):
        hours.add(load=Load(running=2, waiting=1))
    assert (hours.now()["quarters"], hours.now()["saturated"]) == (2, 1)


def test_counters_are_taken_from_two_readings(hours):
    hours.add(counted=counted(100, (50, 30, 20)), load=Load(process_start=1.0), seconds=300)
    assert "m" not in hours.so_far.counts
    hours.add(counted=counted(110, (52, 38, 20)), load=Load(process_start=1.0))
    assert hours.now("m") == {"scrapes": 1, "seconds": 300, "requests": 10, "ttft.0": 2, "ttft.1": 8}
    assert hours.so_far.edges["m"] == {"ttft": ["0.5", "1.0", "+Inf"]}


@pytest.mark.parametrize(
    ("second", "start"),
    [
        (counted(110), 2.0),
        (counted(90), 1.0),
        (counted(110, series="two engines"), 1.0),
        (counted(110, preempted=1), 1.0),
    ],
    ids=["restart", "a figure fell", "other series", "other figures"],
)
def test_what_cannot_be_compared_adds_nothing(hours, second, start):
    hours.add(counted=counted(100), load=Load(process_start=1.0), seconds=300)
    hours.add(counted=second, load=Load(process_start=start), seconds=300)
    assert hours.now("m") == {}


def test_changed_buckets_begin_a_row_of_their_own(hours):
    hours.add(counted=counted(0, (0, 0, 0)), seconds=300)
    hours.add(counted=counted(5, (5, 0, 0)), seconds=300)
    hours.add(counted=counted(6, (6, 0), edges=("2.0", "+Inf")), seconds=300)
    hours.add(counted=counted(9, (9, 0), edges=("2.0", "+Inf")), seconds=300)
    assert [(hour.counts.get("ttft.0"), list(hour.edges["ttft"])) for hour in hours.over] == [
        (5, ["0.5", "1.0", "+Inf"])
    ]
    assert hours.now("m")["ttft.0"] == 3


def test_our_own_canaries_are_left_out_of_the_requests(hours):
    hours.add(counted=counted(100), seconds=300)
    hours.add(canary=Canary("m", ms=20.0), seconds=300)
    hours.add(counted=counted(101, (1, 0, 0)), seconds=300)
    assert hours.now("m") == {"scrapes": 1, "seconds": 600}


def test_maintenance_is_left_out_of_the_counters(hours):
    hours.add(counted=counted(100), seconds=300)
    hours.add(excluded=True, seconds=300)
    hours.add(counted=counted(900), seconds=300)
    assert "m" not in hours.so_far.counts


def test_another_size_of_a_model_in_memory_is_a_reload(hours):
    hours.add(facts=Facts(models=(MODEL,)))
    hours.add(facts=Facts(models=(replace(MODEL, size_loaded=200, size_vram=200),)))
    assert hours.now("llama3:8b") == {"probes": 2, "flips": 1, "reloads": 1}


def test_a_model_that_leaves_before_its_time_and_comes_back_is_a_swap(hours):
    out = replace(MODEL, loaded=False, size_loaded=None, size_vram=None, expires_at=None)
    for model in (MODEL, out, MODEL):
        hours.add(facts=Facts(models=(model,)))
    assert hours.now("llama3:8b") == {"probes": 2, "swaps": 1}


def test_a_model_loaded_after_its_time_is_a_cold_load(hours):
    out = replace(MODEL, loaded=False, size_loaded=None, size_vram=None, expires_at=None)
    for model in (out, MODEL):
        hours.add(facts=Facts(models=(model,)))
    assert hours.now("llama3:8b") == {"probes": 1, "cold_loads": 1}


def test_use_shows_by_a_later_expiry(hours):
    hours.add(facts=Facts(models=(MODEL,)))
    hours.add(facts=Facts(models=(replace(MODEL, expires_at="2026-11-24T10:05:00Z"),)))
    assert hours.now("llama3:8b")["used"] == 1


def test_a_later_expiry_by_our_own_canary_is_no_use(hours):
    later = [replace(MODEL, expires_at=f"2026-11-24T10:{minute:02}:00Z") for minute in (0, 5, 10)]
    hours.add(facts=Facts(models=(later[0],)), canary=Canary(MODEL.name, wait_ms=1.0))
    hours.add(facts=Facts(models=(later[1],)))
    assert "used" not in hours.now(MODEL.name)
    hours.add(facts=Facts(models=(later[2],)))
    assert hours.now(MODEL.name)["used"] == 1


def test_a_canary_shows_waits_loads_and_slowed_work(hours):
    hours.add(canary=Canary("x", measures=True, wait_ms=1.0, load_ms=1.0, prompt_ms=4.0))
    hours.add(canary=Canary("x", measures=True, wait_ms=1200.0, load_ms=400.0, prompt_ms=13.0))
    hours.add(canary=Canary("x", skipped="idle", unused=True))
    assert hours.now("x") == {
        "canaries": 2, "waited": 1, "scheduler": 1, "slowed": 1, "unused": 1,
        "wait.0": 1, "wait.7": 1, "prompt.1": 2,
    }  # fmt: skip


def test_a_canary_that_caused_a_load_has_no_times(hours):
    hours.add(canary=Canary("x", measures=True, wait_ms=900.0, load_ms=900.0, loaded=True))
    assert hours.now("x") == {"canaries": 1, "caused_load": 1}


def test_a_refused_canary_is_counted(hours):
    hours.add(canary=Canary("x", measures=True, failure=Failure(Cause.SATURATED, "canary"), status=503))
    assert hours.now("x") == {"canaries": 1, "refused": 1}


def test_a_canary_that_was_given_up_had_waited_as_long_at_least(hours):
    failed = Canary(
        "x", ms=10_003.0, measures=True, failure=Failure(Cause.SATURATED, "canary", "but others got theirs")
    )
    hours.add(canary=failed)
    assert hours.now("x") == {"canaries": 1, "waited": 1, "wait.10": 1}


def test_canaries_that_are_skipped_under_real_traffic_are_no_samples_of_waits(hours):
    hours.add(canary=Canary("x", wait_ms=1.0, load_ms=1.0, prompt_ms=4.0))
    hours.add(canary=Canary("x", measures=True, failure=Failure(Cause.CONNECTION_REFUSED, "connect")))
    hours.add(canary=Canary("x", measures=True, note="POST /api/generate answered HTTP 400"))
    assert hours.now("x") == {}


def test_the_teams_that_ask_a_gateway_are_counted_by_the_hour(hours):
    def behind(**teams):
        return (Counted("m", "one", {"requests": sum(teams.values())}, teams=teams),)

    hours.add(counted=behind(a=5, b=1), seconds=300)
    hours.add(counted=behind(a=6, b=1), seconds=300)
    hours.add(counted=behind(a=6, b=2, c=1), seconds=3000)
    hours.add(counted=behind(a=9, b=2, c=1))
    assert [hour.counts["teams"] for hour in hours.over if hour.model == "m"] == [3]
    assert hours.now("m")["teams"] == 1
