"""Blind is not down: what a blind stretch takes back, what it leaves alone, and how it ends."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fleet.engines.errors import Cause
from fleet.models import Alert, BlindStretch, EndpointState, Incident, Observation
from fleet.self_check import blind_stretches
from fleet.verdict.monitor_blind import Checks
from teams.models import Team
from tests.fleet.outages import bad, good, probed, watched

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

CUT = Checks(connected=False)


@pytest.fixture(autouse=True)
def checks(monkeypatch, valkey):
    """What the prober finds out about itself; tests change it."""
    found = {"checks": Checks(connected=True), "asked": []}

    def check(hosts, witnesses=(), only_host=False):
        found["asked"].append(list(hosts))
        return found["checks"]

    monkeypatch.setattr(blind_stretches.own_network, "check", check)
    monkeypatch.setattr(blind_stretches, "CHECK_EVERY", 0.0)
    return found


@pytest.fixture
def fleet(team):
    """Three hosts that were up a moment ago."""
    return [watched(team, f"gpu-{n}") for n in range(3)]


def now() -> float:
    return datetime.now(UTC).timestamp()


def cut(fleet, cause=Cause.NO_ROUTE) -> None:
    """Each of them fails once, as it does when the network goes."""
    for endpoint in fleet:
        probed(endpoint, bad(cause))


def state(endpoint) -> EndpointState:
    return EndpointState.objects.get(pk=endpoint.pk)


def test_while_nothing_fails_the_watch_costs_two_small_queries(fleet, checks):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        blind_stretches.check(now())
    assert len(queries) == 2
    assert checks["asked"] == []


def test_one_host_among_others_that_answer_is_no_reason_to_doubt_ourselves(fleet, checks):
    probed(fleet[0], bad(Cause.NO_ROUTE))
    probed(fleet[1], good())
    blind_stretches.check(now())
    assert checks["asked"] == []


def no_way(to: str):
    """The checks of a machine that has no way to hosts whose name begins so."""

    def check(hosts, witnesses=(), only_host=False):
        missing = sum(host.startswith(to) for host in hosts)
        return Checks(connected=True, routes=(len(hosts), missing))

    return check


def test_hosts_of_one_team_without_a_route_make_nobody_blind(fleet, monkeypatch):
    mallory = Team.objects.create(name="Mallory", slug="mallory")
    cut([watched(mallory, f"bad-{n}") for n in range(20)])
    monkeypatch.setattr(blind_stretches.own_network, "check", no_way("bad"))
    blind_stretches.check(now())
    assert BlindStretch.current() is None


def test_when_no_host_of_any_team_has_a_route_we_are_blind(fleet, monkeypatch):
    mallory = Team.objects.create(name="Mallory", slug="mallory")
    cut([*fleet, *(watched(mallory, f"bad-{n}") for n in range(3))])
    monkeypatch.setattr(blind_stretches.own_network, "check", no_way(""))
    blind_stretches.check(now())
    assert BlindStretch.current() is not None


def test_a_name_server_of_one_team_that_keeps_silent_makes_nobody_blind(fleet, checks, monkeypatch):
    mallory = Team.objects.create(name="Mallory", slug="mallory")
    cut([watched(mallory, f"bad-{n}") for n in range(20)])

    def check(hosts, witnesses=(), only_host=False):
        silent = sum(host.startswith("bad") for host in hosts)
        return Checks(connected=True, names=(len(hosts), silent))

    monkeypatch.setattr(blind_stretches.own_network, "check", check)
    blind_stretches.check(now())
    assert BlindStretch.current() is None


def test_a_fleet_that_is_really_down_stays_down(fleet, checks):
    for endpoint in fleet:
        probed(endpoint, *(bad(Cause.NO_ROUTE) for _ in range(3)))
    blind_stretches.check(now())
    assert checks["asked"] == [["gpu-0", "gpu-1", "gpu-2"]]
    assert BlindStretch.current() is None
    assert {state(endpoint).status for endpoint in fleet} == {"down"}
    assert Incident.objects.filter(resolved_at=None).count() == 3


def test_while_blind_doubts_are_taken_back_and_nobody_is_notified(fleet, checks, valkey):
    cut(fleet)
    probed(fleet[0], bad(Cause.NO_ROUTE), bad(Cause.NO_ROUTE))  # the first is down already
    assert state(fleet[0]).status == "down"
    checks["checks"] = CUT
    blind_stretches.check(now())

    stretch = BlindStretch.current()
    assert stretch is not None
    assert stretch.began_at == Observation.objects.filter(cause="no_route").earliest("at").at
    assert valkey.get("plimsoll:watch").decode() == "No network interface of this machine is connected."
    for endpoint in fleet:
        row = state(endpoint)
        assert (row.status, row.cause, row.failures, row.recent, row.turns) == ("unknown", "blind", 0, 0, [])
        assert row.marks.get("blind")
    assert not Incident.objects.filter(resolved_at=None).exists()
    assert not Alert.objects.filter(dropped="").exists()
    assert set(Observation.objects.filter(cause="no_route").values_list("excluded", flat=True)) == {"blind"}


def test_what_is_found_in_the_dark_is_unknown(fleet, checks):
    cut(fleet)
    checks["checks"] = CUT
    blind_stretches.check(now())
    for _ in range(4):
        cut(fleet)
    assert {state(endpoint).status for endpoint in fleet} == {"unknown"}
    assert not Incident.objects.exists()
    assert not Observation.objects.exclude(status="up").filter(excluded="").exists()


def test_what_was_down_before_stays_down(fleet, checks):
    probed(fleet[0], *(bad() for _ in range(3)))
    EndpointState.objects.filter(pk=fleet[0].pk).update(failing_since=datetime.now(UTC) - timedelta(minutes=9))
    Incident.objects.update(began_at=datetime.now(UTC) - timedelta(minutes=9))
    cut(fleet)
    checks["checks"] = CUT
    blind_stretches.check(now())
    assert [state(endpoint).status for endpoint in fleet] == ["down", "unknown", "unknown"]
    assert Incident.objects.get(resolved_at=None).endpoint == fleet[0]


def test_it_ends_when_the_checks_pass_again_and_those_who_run_it_are_notified_once(fleet, checks, valkey):
    User.objects.create_superuser("root", "root@example.org", "a long password")
    cut(fleet)
    checks["checks"] = CUT
    blind_stretches.check(now())
    blind_stretches.check(now())
    assert BlindStretch.objects.get().ended_at is None

    checks["checks"] = Checks(connected=True)
    blind_stretches.check(now())
    blind_stretches.check(now())
    assert BlindStretch.objects.get().ended_at is not None
    assert valkey.get("plimsoll:watch") == b""
    note = Alert.objects.get(dropped="")
    assert (note.kind, note.recipient) == ("monitor", "root@example.org")
    assert note.facts["subject"].startswith("Plimsoll was blind for ")
    assert "No network interface of this machine is connected." in note.facts["text"]
    assert "3 endpoints could not be probed" in note.facts["text"]
    assert all(state(endpoint).due_at <= now() for endpoint in fleet), "they are probed at once"


def test_an_answer_from_another_machine_ends_it_whatever_the_checks_say(fleet, checks):
    cut(fleet)
    checks["checks"] = CUT
    blind_stretches.check(now())
    probed(fleet[1], good())
    blind_stretches.check(now())
    assert BlindStretch.objects.get().ended_at is not None


def test_failures_just_after_the_end_are_still_put_down_to_it(fleet, checks):
    cut(fleet)
    checks["checks"] = CUT
    blind_stretches.check(now())
    checks["checks"] = Checks(connected=True)
    blind_stretches.check(now())
    cut(fleet)
    assert {state(endpoint).status for endpoint in fleet} == {"unknown"}
    BlindStretch.objects.update(ended_at=datetime.now(UTC) - 2 * BlindStretch.AFTERGLOW)
    for _ in range(3):
        cut(fleet)
    assert {state(endpoint).status for endpoint in fleet} == {"down"}


def test_a_probe_under_way_while_the_dark_begins_does_not_bring_the_doubt_back(fleet, checks):
    from tests.fleet.recording import record, state_of

    cut(fleet)
    under_way = state_of(fleet[0].pk)
    checks["checks"] = CUT
    blind_stretches.check(now())
    record(under_way, bad(Cause.NO_ROUTE), 0.0)
    assert state(fleet[0]).failures == 0
