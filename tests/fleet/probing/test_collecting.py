"""The hour of load that a probe adds to, stored in the probe's own transaction."""

import logging

import pytest
from django.db import transaction

from fleet import endpoints
from fleet.engines.errors import Cause
from fleet.engines.reading import Counted, Facts, Failure, Identity, Load, Model, Reading
from fleet.evidence import counts
from fleet.evidence.collect import Hour
from fleet.load import hours
from fleet.models import BucketEdges, Endpoint, EndpointState, LoadHour
from fleet.probing import record, states

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NINE = 1_795_510_800.0
"""A full hour."""
BROKEN = [
    [],
    {"counts": 3},
    {"counts": {"": [1]}},
    {"quarter": []},
    {"hour": "x", "counts": {"": {"probes": 1}}},
    {"counts": {"": {"probes": "many"}}},
]
EDGES = {"ttft": ["0.5", "+Inf"]}


@pytest.fixture
def fleet(team) -> list[Endpoint]:
    return [endpoints.add(team, name=f"gpu-{n}", url=f"http://10.0.0.{n}:8000", engine="vllm") for n in range(1, 6)]


@pytest.fixture
def gpu(fleet) -> Endpoint:
    return fleet[0]


def reading(at: float, requests: int = 0, **load) -> Reading:
    load = {"running": 1, "process_start": 1.0, **load}
    counted = (Counted("m", "one", {"requests": requests}, {"ttft": {"0.5": 0, "+Inf": requests}}),)
    facts = Facts(models=(Model("m"),))
    return Reading(at, Identity("vllm", "GET /version"), facts, Load(**load), counted=counted)


def written(some: list[Endpoint], *readings: Reading) -> None:
    for each in readings:
        rows = states.read(endpoint.pk for endpoint in some)
        record.write([record.judged(rows[endpoint.pk], each, 3.0) for endpoint in some])


def under_way(endpoint: Endpoint) -> dict:
    return EndpointState.objects.get(pk=endpoint.pk).collected


def test_each_probe_adds_to_the_hour_in_the_endpoints_row(gpu):
    written([gpu], reading(NINE, 5), reading(NINE + 300, 8))
    collected = under_way(gpu)
    assert (collected["hour"], collected["counts"][""]["gauges"]) == (NINE, 2)
    assert collected["counts"]["m"] == {"scrapes": 1, "seconds": 300, "requests": 3, "ttft.1": 3}
    assert not LoadHour.objects.exists()


def test_an_hour_that_is_over_is_stored_packed_with_its_edges(gpu):
    written([gpu], reading(NINE, 5), reading(NINE + 300, 8), reading(NINE + 3600, 9))
    stored = {hour.model: counts.unpack(bytes(hour.counts)) for hour in LoadHour.objects.all()}
    assert stored["m"] == {"scrapes": 1, "seconds": 300, "requests": 3, "ttft.1": 3}
    assert (stored[""]["probes"], LoadHour.objects.get(model="").edges) == (2, None)
    assert LoadHour.objects.get(model="m").edges.edges == EDGES
    assert under_way(gpu)["counts"]["m"]["requests"] == 1


def test_the_hours_of_a_batch_are_one_more_statement_and_their_edges_another(fleet, django_assert_num_queries):
    written(fleet, reading(NINE, 5), reading(NINE + 300, 8))
    for at, statements in (
        (NINE + 3600, 6 + 4),  # hours; edges are sought, stored and sought again
        (NINE + 3900, 6),
        (NINE + 7200, 6 + 2),
    ):
        rows = states.read(endpoint.pk for endpoint in fleet)
        batch = [record.judged(rows[endpoint.pk], reading(at, 9), 3.0) for endpoint in fleet]
        with django_assert_num_queries(statements):
            record.write(batch)
    assert (LoadHour.objects.count(), BucketEdges.objects.count()) == (2 * 2 * len(fleet), 1)


def test_a_probe_that_is_not_written_leaves_no_edges_that_others_rely_on(gpu):
    hour = Hour(int(NINE), "m", {"scrapes": 1}, EDGES)
    with transaction.atomic():
        hours.store([hours.packed(gpu.pk, hour)])
        transaction.set_rollback(True)
    hours.store([hours.packed(gpu.pk, hour)])
    assert LoadHour.objects.get().edges.edges == EDGES


@pytest.mark.parametrize("broken", BROKEN)
def test_what_cannot_be_read_begins_again_with_one_warning(gpu, caplog, broken):
    EndpointState.objects.filter(pk=gpu.pk).update(collected=broken)
    with caplog.at_level(logging.WARNING, "fleet.probing.record"):
        written([gpu], reading(NINE), reading(NINE + 15))
    warnings = [entry for entry in caplog.records if entry.name == "fleet.probing.record"]
    assert [entry.args[0].name for entry in warnings] == ["gpu-1"]
    assert under_way(gpu)["counts"][""]["probes"] == 2
    assert EndpointState.objects.get(pk=gpu.pk).status == "up"


def test_maintenance_is_only_counted_as_such(gpu):
    EndpointState.objects.filter(pk=gpu.pk).update(marks={"maintenance": {"until": None}})
    written([gpu], reading(NINE))
    assert under_way(gpu)["counts"] == {"": {"excluded": 1}}


def test_a_stretch_in_which_the_monitor_was_blind_is_only_counted_as_such(gpu):
    written([gpu], Reading(NINE, failure=Failure(Cause.BLIND, "health", "This worker was stopped for 9 s.")))
    assert under_way(gpu)["counts"] == {"": {"excluded": 1}}
