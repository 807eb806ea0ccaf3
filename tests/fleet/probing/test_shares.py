"""What a team's share of the probe threads can't carry is probed less often, on purpose and on the grid."""

import math
import time

import pytest

from fleet import endpoints
from fleet.models import EndpointState
from fleet.probing import capacity, claims, shares
from teams.models import Team


@pytest.fixture(autouse=True)
def _no_shares_of_other_tests(monkeypatch):
    monkeypatch.setattr(shares, "FRESH_FOR", 0.0)


def test_240_hanging_endpoints_are_probed_as_often_as_their_teams_share_allows():
    rows = [(1, 5, 4.9, 240), (2, 5, 0.0, 1)]
    assert shares.worked_out(rows, 96) == {(1, True): pytest.approx(5.76, abs=0.01)}


def test_a_team_within_its_share_keeps_its_intervals():
    assert shares.worked_out([(1, 5, 4.9, 40)], 96) == {}


def test_quick_and_slow_endpoints_of_a_team_are_reckoned_by_themselves():
    rows = [(1, 5, 0.9, 400), (1, 5, 4.9, 10)]
    assert shares.worked_out(rows, 96) == {(1, False): pytest.approx(1.76, abs=0.01)}


def test_an_endpoint_that_hangs_every_other_time_counts_as_one_that_hangs():
    seconds = 0.0
    for took in (4.9, 0.01) * 5:
        seconds = shares.smoothed(seconds, took)
        assert shares.slow(seconds)
    for _ in range(5):
        seconds = shares.smoothed(seconds, 0.01)
    assert not shares.slow(seconds)


@pytest.mark.django_db
@pytest.mark.postgres
def test_the_claim_stretches_the_interval_of_the_slow_alone(client, alice, team, settings, monkeypatch):
    settings.PROBE_THREADS = 4
    monkeypatch.setattr("random.random", lambda: 0.5)  # the share allows every 5.76th interval
    hanging = [
        endpoints.add(team, name=f"h{n}", url=f"http://10.0.0.{n}:8000", interval=5, timeout=4.9) for n in range(10)
    ]
    quick = endpoints.add(team, name="quick", url="http://10.0.1.1:8000", interval=5, timeout=4.9)
    other = Team.objects.create(name="Other", slug="other")
    theirs = endpoints.add(other, name="theirs", url="http://10.0.2.1:8000", interval=5, timeout=4.9)
    EndpointState.objects.filter(pk__in=[each.pk for each in hanging]).update(probe_seconds=4.9)
    now = time.time() + 1
    due = {claim.endpoint_id: claim for claim in claims.claim(now)}
    assert all(due[each.pk].slow and due[each.pk].expires_at > now for each in hanging)
    assert {EndpointState.objects.get(pk=each.pk).stretch for each in hanging} == {6}
    assert max(due[each.pk].expires_at for each in hanging) > now + 5
    for each in (quick, theirs):
        assert due[each.pk].expires_at <= now + 5 and not due[each.pk].slow
    client.force_login(alice)
    assert "Probed every 30 s for now" in client.get(hanging[0].get_absolute_url()).content.decode()
    assert "for now" not in client.get(quick.get_absolute_url()).content.decode()


@pytest.mark.django_db
@pytest.mark.postgres
def test_a_second_worker_lets_a_hanging_team_be_probed_as_often_again(team, settings, valkey):
    settings.PROBE_THREADS = 8
    for n in range(10):
        endpoints.add(team, name=f"h{n}", url=f"http://10.0.0.{n}:8000", interval=5, timeout=4.9)
    EndpointState.objects.update(probe_seconds=4.9)
    now = time.time()
    capacity.announce("first", now)
    assert shares.stretches() == {(team.pk, True): pytest.approx(2.88, abs=0.01)}
    capacity.announce("second", now)
    assert shares.stretches() == {(team.pk, True): pytest.approx(1.44, abs=0.01)}
    capacity.withdraw("second")
    assert shares.stretches() == {(team.pk, True): pytest.approx(2.88, abs=0.01)}


@pytest.mark.django_db
def test_endpoints_skip_no_more_intervals_than_their_share_needs(team, monkeypatch):
    pks = [endpoints.add(team, name=f"e{n}", url=f"http://10.0.0.{n}:8000", interval=5).pk for n in range(10)]
    monkeypatch.setattr(shares, "stretches", lambda: {(team.pk, False): 1.3})
    chances = iter([n / 10 for n in range(10)])
    monkeypatch.setattr("random.random", lambda: next(chances))
    assert len(claims.claim(time.time())) == 10
    assert sum(EndpointState.objects.filter(pk__in=pks).values_list("stretch", flat=True)) == 13


def test_a_worker_without_signs_of_life_counts_no_more(settings, valkey):
    settings.PROBE_THREADS = 8
    capacity.announce("killed", 1000.0)
    capacity.announce("alive", 1015.0)
    assert capacity.workers(1016.0) == [8, 8]
    assert capacity.workers(1001.0 + capacity.COUNTS_FOR) == [8]


def test_without_a_broker_there_are_the_threads_of_one_worker(settings):
    settings.PROBE_THREADS = 8
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    capacity.announce("first", 1000.0)
    assert capacity.workers(1000.0) == [8]


def test_teams_that_need_more_share_what_the_others_leave():
    assert shares.share_of([1.0, 2.0, 80.0], 96) == 46.5  # half of what is left: the other half is kept free
    assert shares.share_of([80.0, 80.0, 80.0], 96) == 24
    assert shares.share_of([10.0, 20.0], 96) == math.inf


@pytest.mark.parametrize("teams", [3, 10, 50])
def test_the_endpoints_of_many_teams_that_all_hang_fit_into_the_threads(teams):
    rows = [(team, 5, 4.9, 40) for team in range(teams)]
    stretches = shares.worked_out(rows, 96)
    assert sum(40 * 4.9 / 5 / stretches[team, True] for team, *_ in rows) < 96


def test_odd_figures_in_a_row_leave_the_others_what_they_need():
    odd = [(1, "abc", 1.5, 1), (1, 5, float("inf"), 1), (1, 5, float("nan"), 1), (1, None, 2.0, 1)]
    assert shares.worked_out([*odd, (2, 5, 4.9, 240)], 96)[2, True] > 1


@pytest.mark.django_db
def test_a_stretched_endpoint_stays_on_the_grid_of_its_interval():
    for key in ("1", "2", "77"):
        stretched = claims.schedule.next_due(1_000_000, 25, key)
        assert (stretched - claims.schedule.next_due(1_000_000, 5, key)) % 5 == 0
