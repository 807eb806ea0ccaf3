"""Each figure is near its limit, or it is not."""

from dataclasses import replace

import pytest

from ops.doctor.checks import Figures, Process, Quota, duration, exhausted, lines, size

GIB = 1 << 30
WELL = Figures(
    stale_after=15,
    given_up_after=86_400.0,
    processes=[Process("web_server (process 7)", 80, 20_000, 90 << 20), Process("worker", 300, 20_000, 110 << 20)],
    memory_limit=2 * GIB,
    disk_used=20 * GIB,
    disk_total=100 * GIB,
    growth=0.5 * GIB,
    to_come=4 * GIB,
    sqlite=GIB,
    probes_a_second=40.0,
    connections=31,
    connections_limit=95,
    threads=96,
    fast=3.5,
    slow=12.0,
    queues={"probe": (4, 0.2), "upkeep": (0, 0.0)},
    late=0.08,
    waiting=2,
    oldest=4.0,
    quotas=[Quota("ENDPOINTS_PER_TEAM", "Search", 200, 1000)],
    broker=3 << 20,
    broker_limit=256 << 20,
)


def test_an_installation_with_room_is_well():
    found = lines(WELL)
    assert {line.state for line in found} == {"ok"} and not exhausted(found)
    near = {line.what: line.near for line in found}
    assert near["open files"] == "300 of 20000, worker"
    assert near["memory"] == "200 MiB of 2.0 GiB by 2 processes"
    assert near["disk"] == "20.0 GiB of 100.0 GiB; the history grows by 512 MiB a day until it takes 4.0 GiB more"
    assert near["probe threads, slow lane"] == "12.0 of 96 threads of all workers"
    assert near["queue probe"] == "4 messages, the oldest waits 0 s of 15 s"
    assert near["ENDPOINTS_PER_TEAM"] == "200 of 1000, Search"


@pytest.mark.parametrize(
    ("changed", "what", "state", "do"),
    [
        ({"processes": [Process("web", 18_500, 20_000, 0)]}, "open files", "nearly exhausted", "LimitNOFILE"),
        ({"processes": [Process("web", 1, 20_000, 15 << 27)]}, "memory", "nearly exhausted", "PROBE_THREADS"),
        ({"disk_used": 93 * GIB}, "disk", "nearly exhausted", "Free space"),
        ({"to_come": 55 * GIB}, "disk", "soon", "Free space"),
        ({"sqlite": 12 * GIB}, "SQLite file", "soon", "PostgreSQL"),
        ({"probes_a_second": 230.0}, "SQLite's one writer", "nearly exhausted", "PostgreSQL"),
        ({"connections": 90}, "database connections", "nearly exhausted", "max_connections"),
        ({"fast": 70.0}, "probe threads, fast lane", "soon", "run probe"),
        ({"slow": 130.0}, "probe threads, slow lane", "nearly exhausted", "run probe"),
        ({"queues": {"dispatch": (20, 14.0)}}, "queue dispatch", "nearly exhausted", "run general"),
        ({"late": 2.5}, "lateness of probes, p99", "nearly exhausted", "run probe"),
        ({"oldest": 70_000.0}, "mail backlog", "soon", "EMAIL_URL"),
        (
            {"quotas": [Quota("TOKENS_PER_TEAM", "Search", 50, 50)]},
            "TOKENS_PER_TEAM",
            "nearly exhausted",
            "Raise TOKENS",
        ),
        ({"broker": 240 << 20}, "broker memory", "nearly exhausted", "maxmemory"),
    ],
)
def test_what_runs_out_is_named_with_what_to_do(changed, what, state, do):
    found = lines(replace(WELL, **changed))
    (line,) = [line for line in found if line.state != "ok"]
    assert (line.what, line.state) == (what, state) and do in line.do
    assert exhausted(found) == (state == "nearly exhausted")


def test_what_can_not_be_measured_is_not_known_and_no_alarm():
    found = lines(replace(WELL, processes=[], queues=None, late=None, broker=None))
    unknown = {line.what for line in found if line.state == "not known"}
    assert unknown == {"open files", "memory", "lateness of probes, p99", "broker memory"}
    assert not exhausted(found)


def test_each_database_has_its_own_limits():
    on_postgres = {line.what for line in lines(replace(WELL, sqlite=None))}
    on_sqlite = {line.what for line in lines(replace(WELL, connections=None, connections_limit=None))}
    assert on_postgres - on_sqlite == {"database connections", "disk of the data folder"}
    assert on_sqlite - on_postgres == {"SQLite file", "SQLite's one writer", "disk"}


def test_the_history_fills_the_disk_only_where_the_database_is_on_it():
    for sqlite, state in ((GIB, "soon"), (None, "ok")):
        (line,) = [line for line in lines(replace(WELL, sqlite=sqlite, to_come=55 * GIB)) if "disk" in line.what]
        assert line.state == state and "until it takes 55.0 GiB more" in line.near


def test_a_setting_of_none_at_all_is_full_only_when_something_is_there():
    for used, state in ((0, "ok"), (1, "nearly exhausted")):
        found = lines(replace(WELL, quotas=[Quota("TOKENS_PER_TEAM", "Search", used, 0)]))
        assert {line.state for line in found if line.what == "TOKENS_PER_TEAM"} == {state}


@pytest.mark.parametrize(
    ("number", "text"), [(None, "unknown"), (900, "900 B"), (2048, "2 KiB"), (5 << 20, "5 MiB"), (3 << 29, "1.5 GiB")]
)
def test_sizes_are_read_at_a_glance(number, text):
    assert size(number) == text


@pytest.mark.parametrize(("seconds", "text"), [(None, "unknown"), (45, "45 s"), (600, "10 min"), (12_600, "3.5 h")])
def test_durations_are_read_at_a_glance(seconds, text):
    assert duration(seconds) == text
