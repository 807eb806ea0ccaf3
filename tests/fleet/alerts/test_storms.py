"""Many at once: one mail per team and one recovery mail, and the whole of it is seen quickly."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from fleet.alerts import delivery, storms
from fleet.models import Alert, Endpoint, EndpointState, Message
from fleet.self_check import blind_stretches
from teams.models import Team
from tests.fleet.outages import bad, fail, probed, recover, settle, watched

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
    assert mail["Subject"] == "DOWN  8 endpoints (search)"
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
    assert smtp.messages[1]["Subject"] == "UP  8 endpoints (search)"
    assert smtp.messages[1]["In-Reply-To"] == mail["Message-ID"]


def test_those_that_are_back_do_not_wait_for_ever_for_the_others(fleet, smtp):
    for endpoint in fleet:
        fail(endpoint)
    settle()
    delivery.deliver()
    recover(fleet[0])
    Alert.objects.filter(message=None).update(created_at=datetime.now(UTC) - timedelta(seconds=61))
    delivery.deliver()
    assert smtp.messages[1]["Subject"] == "UP  gpu-0 (search)"


def test_a_mail_waits_while_others_are_being_checked(fleet, smtp):
    fail(fleet[0])
    probed(fleet[1], bad())
    Alert.objects.update(created_at=datetime.now(UTC) - timedelta(seconds=5))
    delivery.deliver()
    assert smtp.messages == []
    probed(fleet[1], bad(), bad())
    settle()
    delivery.deliver()
    assert [mail["Subject"] for mail in smtp.messages] == ["DOWN  2 endpoints (search)"]


def test_each_team_has_its_own_mail(team, smtp):
    other = Team.objects.create(name="Chat", slug="chat", mail_to=["chat@example.org", "oncall@example.org"])
    for endpoint in [watched(team, "gpu-1"), watched(team, "gpu-2"), watched(other, "gpu-1"), watched(other, "gpu-2")]:
        fail(endpoint)
    settle()
    delivery.deliver()
    shown = sorted((mail["To"], mail["Subject"]) for mail in smtp.messages)
    assert shown == [
        ("chat@example.org", "DOWN  2 endpoints (chat)"),
        ("oncall@example.org", "DOWN  2 endpoints (chat)"),
        ("oncall@example.org", "DOWN  2 endpoints (search)"),
    ]


def test_a_storm_has_the_rest_of_the_team_probed_at_once(fleet):
    later = int(time.time()) + 25
    EndpointState.objects.update(due_at=later, probed_at=datetime.now(UTC) - timedelta(seconds=20))
    for endpoint in fleet[:2]:
        probed(endpoint, bad())
    assert storms.probe_neighbours(time.time()) == 0, "two are no storm"
    probed(fleet[2], bad())
    assert storms.probe_neighbours(time.time()) == 5
    assert EndpointState.objects.filter(pk__in=[e.pk for e in fleet[3:]], due_at__lte=time.time()).count() == 5
    for endpoint in fleet[3:]:
        probed(endpoint, bad())
    assert storms.probe_neighbours(time.time()) == 0, "all of them were probed"


def test_the_others_on_its_host_are_probed_before_the_mail_goes(team, smtp):
    first = watched(team, "gpu-1-a", "http://gpu-1:8000")
    second = watched(team, "gpu-1-b", "http://gpu-1:8001")
    watched(team, "gpu-2", "http://gpu-2:8000")
    later = int(time.time()) + 25
    EndpointState.objects.update(due_at=later, probed_at=datetime.now(UTC) - timedelta(seconds=20))
    fail(first)
    assert storms.probe_neighbours(time.time()) == 1
    assert EndpointState.objects.get(due_at__lte=time.time()).endpoint == second
    Alert.objects.update(created_at=datetime.now(UTC) - timedelta(seconds=5))
    delivery.deliver()
    assert smtp.messages == [], "the second on that host was not probed yet"
    fail(second)
    settle()
    delivery.deliver()
    assert [mail["Subject"] for mail in smtp.messages] == ["DOWN  gpu-1-a and 1 more (search)"]


def test_a_mixed_message_counts_what_it_says(fleet, smtp):
    fail(fleet[0])
    settle()
    delivery.deliver()
    recover(fleet[0])
    fail(fleet[1])
    settle()
    delivery.deliver()
    assert smtp.messages[1]["Subject"] == "DOWN 1, UP 1  (search)"


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
    EndpointState.objects.update(due_at=2**40)
    assert storms.probe_neighbours(time.time()) == 0 and not storms.forming(team.pk, datetime.now(UTC))
    blind_stretches.doubt(time.time())
