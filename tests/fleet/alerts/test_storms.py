"""Many at once: one mail per team and one recovery mail, and the whole of it is seen quickly."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from fleet.alerts import delivery, storms
from fleet.engines.errors import Cause
from fleet.models import Alert, Endpoint, EndpointState, Message
from fleet.self_check import blind_stretches
from teams.models import Team
from tests.fleet.outages import bad, fail, good, probed, recover, settle, watched

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.postgres]


@pytest.fixture
def fleet(team) -> list:
    return [watched(team, f"gpu-{number}") for number in range(8)]


def test_what_fails_together_is_one_mail_and_one_recovery(fleet, smtp):
    for endpoint in fleet:
        fail(endpoint)
    settle()
    delivery.deliver()
    [mail] = smtp.messages
    assert mail["Subject"] == "DOWN  8 endpoints (Search)"
    text = mail.get_body(("plain",)).get_content()
    assert all(f"- gpu-{number} is down: connection refused" in text for number in range(8))
    for endpoint in fleet[:7]:
        recover(endpoint)
    settle()
    delivery.deliver()
    assert len(smtp.messages) == 1, "one of them is still down"
    recover(fleet[7])
    settle()
    delivery.deliver()
    assert smtp.messages[1]["Subject"] == "UP  8 endpoints (Search)"
    assert smtp.messages[1]["In-Reply-To"] == mail["Message-ID"]


def test_those_that_are_back_do_not_wait_for_one_that_is_silenced(fleet, smtp):
    for endpoint in fleet[:3]:
        fail(endpoint)
    settle()
    delivery.deliver()
    EndpointState.objects.filter(pk=fleet[2].pk).update(marks={"silenced": "2099-01-01T00:00:00+00:00"})
    for endpoint in fleet[:2]:
        recover(endpoint)
    settle()
    delivery.deliver()
    assert smtp.messages[-1]["Subject"] == "UP  2 endpoints (Search)"


def test_those_that_are_back_do_not_wait_for_ever_for_the_others(fleet, smtp):
    for endpoint in fleet:
        fail(endpoint)
    settle()
    delivery.deliver()
    recover(fleet[0])
    Alert.objects.filter(message=None).update(created_at=datetime.now(UTC) - timedelta(seconds=61))
    delivery.deliver()
    assert smtp.messages[1]["Subject"] == "UP  gpu-0 (Search)"


def test_the_last_that_comes_back_while_its_team_is_checked_goes_along(fleet, smtp, monkeypatch):
    for endpoint in fleet:
        fail(endpoint)
    settle()
    delivery.deliver()
    for endpoint in fleet[:7]:
        recover(endpoint)
    settle()

    def forming(*_: object, **__: object) -> bool:
        """The last one comes back after the alerts were read, and before it is asked whether others are down."""
        monkeypatch.undo()
        recover(fleet[7])
        return False

    monkeypatch.setattr(storms, "forming", forming)
    delivery.deliver()
    settle()
    delivery.deliver()
    assert [mail["Subject"] for mail in smtp.messages[1:]] == ["UP  8 endpoints (Search)"]


def test_a_mail_waits_while_others_are_being_checked(fleet, smtp):
    fail(fleet[0])
    probed(fleet[1], bad())
    Alert.objects.update(created_at=datetime.now(UTC) - timedelta(seconds=5))
    delivery.deliver()
    assert smtp.messages == []
    probed(fleet[1], bad(), bad())
    settle()
    delivery.deliver()
    assert [mail["Subject"] for mail in smtp.messages] == ["DOWN  2 endpoints (Search)"]


def test_each_team_has_its_own_mail(team, smtp):
    other = Team.objects.create(name="Chat", slug="chat", mail_to=["chat@example.org", "oncall@example.org"])
    for endpoint in [watched(team, "gpu-1"), watched(team, "gpu-2"), watched(other, "gpu-1"), watched(other, "gpu-2")]:
        fail(endpoint)
    settle()
    delivery.deliver()
    shown = sorted((mail["To"], mail["Subject"]) for mail in smtp.messages)
    assert shown == [
        ("chat@example.org", "DOWN  2 endpoints (Chat)"),
        ("oncall@example.org", "DOWN  2 endpoints (Chat)"),
        ("oncall@example.org", "DOWN  2 endpoints (Search)"),
    ]


def test_a_storm_has_the_rest_of_the_team_probed_at_once(fleet):
    later = int(time.time()) + 25
    EndpointState.objects.update(due_at=later, probed_at=datetime.now(UTC) - timedelta(seconds=20))
    for endpoint in fleet[:2]:
        probed(endpoint, bad())
    assert len(storms.probe_neighbours(time.time())) == storms.WITNESSES, "two are no storm"
    probed(fleet[2], bad())
    EndpointState.objects.update(due_at=later)
    assert len(storms.probe_neighbours(time.time())) == 5
    assert EndpointState.objects.filter(pk__in=[e.pk for e in fleet[3:]], due_at__lte=time.time()).count() == 5
    for endpoint in fleet[3:]:
        probed(endpoint, bad())
    assert not storms.probe_neighbours(time.time()), "all of them were probed"


def test_what_was_claimed_and_is_about_to_be_probed_is_not_made_due_again(fleet):
    EndpointState.objects.update(due_at=int(time.time()) + 25)
    for endpoint in fleet[:3]:
        probed(endpoint, bad())
    EndpointState.objects.filter(pk=fleet[3].pk).update(waiting_since=int(time.time()))
    assert set(storms.probe_neighbours(time.time())) == {endpoint.pk for endpoint in fleet[4:]}


def test_where_endpoints_hang_the_rest_of_the_team_is_probed_one_by_one(fleet):
    EndpointState.objects.update(due_at=int(time.time()) + 100)
    for endpoint in fleet[:3]:
        probed(endpoint, bad(Cause.TIMED_OUT))
    EndpointState.objects.filter(pk__in=[endpoint.pk for endpoint in fleet[:3]]).update(probe_seconds=5.0)
    assert len(storms.probe_neighbours(time.time())) == 1
    assert EndpointState.objects.filter(due_at__lte=time.time(), pk__in=[e.pk for e in fleet[3:]]).count() == 1


def test_the_others_on_its_host_are_probed_before_the_mail_goes(team, smtp):
    first = watched(team, "gpu-1-a", "http://gpu-1:8000")
    second = watched(team, "gpu-1-b", "http://gpu-1:8001")
    elsewhere = watched(team, "gpu-2", "http://gpu-2:8000")
    later = int(time.time()) + 25
    EndpointState.objects.update(due_at=later, probed_at=datetime.now(UTC) - timedelta(seconds=20))
    fail(first)
    probed(elsewhere, good())
    assert len(storms.probe_neighbours(time.time())) == 1
    assert EndpointState.objects.get(due_at__lte=time.time()).endpoint == second
    Alert.objects.update(created_at=datetime.now(UTC) - timedelta(seconds=5))
    delivery.deliver()
    assert smtp.messages == [], "the second on that host was not probed yet"
    fail(second)
    settle()
    delivery.deliver()
    assert [mail["Subject"] for mail in smtp.messages] == ["DOWN  gpu-1-a and 1 more (Search)"]


def test_an_outage_goes_out_once_two_others_elsewhere_in_the_team_have_answered(team, smtp):
    first, *others = [watched(team, f"gpu-{number}", fail_after=1) for number in range(4)]
    stranger = watched(Team.objects.create(name="Chat", slug="chat"), "gpu-9")
    later = int(time.time()) + 15
    EndpointState.objects.update(due_at=later, probed_at=datetime.now(UTC) - timedelta(seconds=5))
    probed(first, bad())
    assert len(storms.probe_neighbours(time.time())) == 2, "not the whole team"
    Alert.objects.update(created_at=datetime.now(UTC) - timedelta(seconds=1))
    probed(others[0], good())
    delivery.deliver()
    assert smtp.messages == []
    probed(others[1], good())
    assert not storms.probe_neighbours(time.time())
    delivery.deliver()
    assert [mail["Subject"] for mail in smtp.messages] == ["DOWN  gpu-0 (Search)"]
    assert EndpointState.objects.get(pk=stranger.pk).due_at == later


def test_an_outage_waits_for_no_answer_of_endpoints_that_were_down_before(fleet, smtp):
    for endpoint in fleet[1:]:
        fail(endpoint)
    settle()
    delivery.deliver()
    fail(fleet[0])
    Alert.objects.filter(message=None).update(created_at=datetime.now(UTC) - timedelta(seconds=1))
    delivery.deliver()
    assert smtp.messages[1]["Subject"] == "DOWN  gpu-0 (Search)"


def test_endpoints_that_fail_seconds_apart_are_one_mail(team, smtp):
    """Down after one failure, four endpoints every 15 s: the two that are asked after the first show the storm."""
    fleet = [watched(team, f"gpu-{number}", fail_after=1) for number in range(4)]
    EndpointState.objects.update(due_at=int(time.time()) + 15, probed_at=datetime.now(UTC) - timedelta(seconds=5))
    for endpoint in fleet:
        probed(endpoint, bad())
        Alert.objects.update(created_at=datetime.now(UTC) - timedelta(seconds=1))
        if endpoint != fleet[-1]:
            assert storms.probe_neighbours(time.time()) or storms.forming(team.pk, datetime.now(UTC))
            delivery.deliver()
            assert smtp.messages == []
    delivery.deliver()
    assert [mail["Subject"] for mail in smtp.messages] == ["DOWN  4 endpoints (Search)"]


def test_trouble_that_may_be_our_own_waits_until_we_have_checked_ourselves(team, smtp):
    fail(watched(team, "gpu-1"), Cause.NO_ROUTE)
    Alert.objects.update(created_at=datetime.now(UTC) - timedelta(seconds=1))
    delivery.deliver()
    assert smtp.messages == []
    Alert.objects.update(created_at=datetime.now(UTC) - timedelta(seconds=2))
    delivery.deliver()
    assert [mail["Subject"] for mail in smtp.messages] == ["DOWN  gpu-1 (Search)"]


def test_a_mixed_message_counts_what_it_says(fleet, smtp):
    fail(fleet[0])
    settle()
    delivery.deliver()
    recover(fleet[0])
    fail(fleet[1])
    settle()
    delivery.deliver()
    assert smtp.messages[1]["Subject"] == "DOWN 1, UP 1  (Search)"


def test_two_gatherers_never_take_the_same_alert(fleet, smtp):
    fail(fleet[0])
    settle()
    alert = Alert.objects.get()
    from fleet.alerts.gathering import _message

    assert _message([alert], datetime.now(UTC)) is True
    assert _message([alert], datetime.now(UTC)) is False
    assert Message.objects.count() == 1


@pytest.mark.parametrize("url", ["http://[bad", "http://[::1:8000", "not a URL", "", "http://gpu:port"])
def test_an_address_that_can_not_be_read_stops_no_other_team(url, team, fleet):
    other = watched(Team.objects.create(name="Other", slug="other"), "odd")
    Endpoint.objects.filter(pk=other.pk).update(url=url)
    probed(other, bad())
    fail(fleet[0])
    for endpoint in fleet[1:]:
        probed(endpoint, good())
    EndpointState.objects.update(due_at=2**40)
    assert not storms.probe_neighbours(time.time()) and not storms.forming(team.pk, datetime.now(UTC))
    blind_stretches.doubt(time.time())
