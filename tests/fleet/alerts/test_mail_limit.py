"""Beyond MAILS_PER_HOUR a team's alerts wait and go into one summary per recipient; none is lost."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from fleet.alerts import delivery, gathering, outbox
from fleet.models import Alert, AlertPolicy, Message
from teams.models import Team
from tests.fleet.alerts.outbox import note
from tests.fleet.outages import fail, recover, watched
from tests.html import flat

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.postgres]

START = datetime(2026, 11, 28, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def limit(settings):
    settings.MAILS_PER_HOUR = 2


@pytest.fixture
def clock():
    with time_machine.travel(START, tick=False) as clock:
        yield clock


def sent(smtp) -> list[str]:
    return [mail["Subject"] for mail in smtp.messages]


def sweep(clock) -> None:
    clock.shift(timedelta(seconds=61))  # no group waits for others any longer
    delivery.deliver()


def test_what_comes_on_top_waits_and_goes_into_one_mail_that_lists_each_in_order(clock, team, smtp, client, alice):
    endpoints = [watched(team, f"gpu-{number}") for number in range(4)]
    for endpoint in endpoints[:2]:
        fail(endpoint)
        sweep(clock)
    assert sent(smtp) == ["DOWN  gpu-0 (Search)", "DOWN  gpu-1 (Search)"]
    for endpoint in endpoints[2:]:
        fail(endpoint)
        sweep(clock)
    recover(endpoints[2])
    sweep(clock)
    assert len(smtp.messages) == 2 and Alert.objects.filter(over_limit=True, message=None).count() == 3
    client.force_login(alice)
    page = flat(client.get("/alerts/").content.decode())
    assert "Search has reached its limit of 2 mails an hour." in page and "the limit on mails holds it" in page

    clock.move_to(START + timedelta(minutes=62, seconds=30))  # the first of the two is an hour old
    delivery.deliver()
    assert sent(smtp)[2:] == ["SUMMARY  3 alerts (Search)"]
    for part in ("plain", "html"):
        text = smtp.messages[-1].get_body((part,)).get_content()
        places = [text.index(said) for said in ("DOWN  gpu-2", "DOWN  gpu-3", "UP  gpu-2")] if part == "plain" else []
        assert places == sorted(places)
        for said in ("http://gpu-2:8000", "http://gpu-3:8000", "the limit of 2 in an hour", "MAILS_PER_HOUR"):
            assert said in text, (part, said)
    assert not Alert.objects.filter(message=None, dropped="").exists()
    assert "has reached its limit" not in client.get("/alerts/").content.decode()
    assert "SUMMARY  3 alerts" in client.get("/alerts/").content.decode()


def test_it_goes_after_an_hour_even_without_room_and_once_per_recipient(clock, team, smtp):
    team.mail_to = ["a@example.org", "b@example.org"]
    team.save()
    for number in range(3):
        fail(watched(team, f"gpu-{number}"))
        sweep(clock)
    assert smtp.recipients == ["a@example.org", "b@example.org"]
    Message.objects.update(sent_at=START + timedelta(hours=3))  # no room for long
    clock.move_to(START + timedelta(minutes=40))
    fail(watched(team, "late"))
    sweep(clock)
    assert len(smtp.messages) == 2
    clock.move_to(START + timedelta(minutes=64))
    for _ in range(3):
        delivery.deliver()
    assert sent(smtp)[2:] == ["SUMMARY  3 alerts (Search)"] * 2
    assert smtp.recipients[2:] == ["a@example.org", "b@example.org"]


def test_other_teams_and_other_channels_are_not_limited(clock, team, smtp):
    other = Team.objects.create(name="Others", slug="others", mail_to=["others@example.org"])
    AlertPolicy.objects.create(team=team, webhook_url="http://127.0.0.1:1/", webhook_secret="s")
    for number in range(3):
        fail(watched(team, f"gpu-{number}"))
        sweep(clock)
    fail(watched(other, "theirs"))
    sweep(clock)
    assert sent(smtp) == ["DOWN  gpu-0 (Search)", "DOWN  gpu-1 (Search)", "DOWN  theirs (Others)"]
    assert Message.objects.filter(channel="webhook").count() == 3


def test_notes_count_and_go_into_the_summary_too(clock, team, smtp):
    note(team, "oncall@example.org")
    note(team, "oncall@example.org", state="sent", sent_at=START - timedelta(minutes=59), next_try_at=None)
    outbox.write_note(team, "k1", subject="A review", text="It is due.", path="/decisions/1/", link_text="Open")
    outbox.write_note(team, "k2", subject="Another", text="It is due too.", path="/decisions/2/", link_text="Open")
    sweep(clock)
    assert sent(smtp) == ["REVIEW  A decision (Search)", "REVIEW  A review (Search)"]
    assert Alert.objects.get(key="k2").over_limit
    outbox.write_note(team, "k3", subject="Third", text="Also due.", path="/decisions/3/", link_text="Open")
    clock.shift(timedelta(hours=2))
    delivery.deliver()
    assert sent(smtp)[2:] == ["REVIEW  Another (Search)", "REVIEW  Third (Search)"]
    for number in (4, 5):
        outbox.write_note(team, f"k{number}", subject=f"No. {number}", text="Due.", path="/", link_text="Open")
    delivery.deliver()
    clock.shift(timedelta(hours=1, minutes=1))
    delivery.deliver()
    assert sent(smtp)[4:] == ["SUMMARY  2 alerts (Search)"]
    assert "REVIEW  No. 5: Due." in smtp.messages[-1].get_body(("plain",)).get_content()


def test_mails_that_wait_for_the_server_count_as_well(clock, team, smtp, settings):
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    for number in range(4):
        fail(watched(team, f"gpu-{number}"))
        sweep(clock)
    assert Message.objects.count() == 2
    settings.EMAIL_PORT = port
    clock.shift(timedelta(minutes=20))
    delivery.deliver()
    delivery.deliver()
    assert len(smtp.messages) == 2
    clock.shift(timedelta(minutes=61))
    delivery.deliver()
    assert sent(smtp)[2:] == ["SUMMARY  2 alerts (Search)"]


@pytest.mark.parametrize("facts", [{}, [], {"name": 1}, {"cause": None}, "text"])
def test_an_alert_that_can_not_be_worded_does_not_spoil_the_message_of_others(clock, team, smtp, settings, facts):
    settings.MAILS_PER_HOUR = 100
    for number in range(3):
        fail(watched(team, f"gpu-{number}"))
    odd = Alert.objects.latest("pk")
    Alert.objects.filter(pk=odd.pk).update(facts=facts)
    sweep(clock)
    assert sent(smtp) == ["DOWN  2 endpoints (Search)"]
    assert Message.objects.get(state="waiting").last_try == "own"


def test_what_is_held_costs_a_few_statements_a_sweep(clock, team, smtp, django_assert_max_num_queries):
    fail(watched(team, "gpu-1"))
    for number in range(2):
        note(team, f"{number}@example.org", state="sent", sent_at=START, next_try_at=None)
    sweep(clock)
    assert Alert.objects.get(incident__isnull=False).over_limit
    with django_assert_max_num_queries(5):
        assert gathering.gather() == 0
