"""Webhooks and Apprise services are called in lanes: what one team's service does delays nobody else's."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from fleet.alerts import calling, delivery, policy
from fleet.alerts.channels import apprise, webhook
from fleet.models import AlertPolicy, Message
from teams.models import Team
from tests import hostile_server as hostile
from tests.fleet.alerts.outbox import due_again, note
from tests.hostile_server import HostileServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.postgres]


@pytest.fixture
def server(wait_for, monkeypatch):
    """Answers at /hook, and is silent at /silent until the test is over."""
    monkeypatch.setattr(webhook, "SECONDS", 3)
    monkeypatch.setattr(apprise, "SECONDS", 3)
    with HostileServer() as running:
        running.on("/hook", hostile.answer(204))
        running.on("/silent", hostile.hang())
        yield running
    wait_for(lambda: not calling._busy, 10, "a lane is still at work")


@pytest.fixture
def swept(wait_for):
    """Sweeps once and waits until the lanes are done."""
    calling._slow_lanes.clear()

    def sweep() -> int:
        began = calling.deliver_calls()
        wait_for(lambda: not calling._busy, 10, "a lane is still at work")
        return began

    return sweep


def with_webhook(name: str, url: str) -> Team:
    team = Team.objects.create(name=name, slug=name, mail_to=[f"{name}@example.org"])
    AlertPolicy.objects.create(team=team, webhook_url=url, webhook_secret="s3cret")
    return team


def states(team: Team) -> list[tuple[str, str]]:
    return list(Message.objects.filter(team=team).order_by("pk").values_list("state", "last_try"))


def test_a_silent_webhook_delays_neither_anothers_webhook_nor_its_mail(server, smtp, wait_for):
    hog, other = with_webhook("hog", f"{server.url}/silent"), with_webhook("other", f"{server.url}/hook")
    for _ in range(10):
        note(hog, "webhook", "webhook")
    calling.deliver_calls()
    wait_for(lambda: "POST /silent" in server.asked(), 5)
    good, mail = note(other, "webhook", "webhook"), note(other, "other@example.org")
    calling.deliver_calls()
    assert delivery.deliver() == 1
    wait_for(lambda: Message.objects.get(pk=good.pk).state == "sent", 5)
    assert Message.objects.get(pk=mail.pk).state == "sent"
    assert calling._busy, "the silent one was still waited for"
    wait_for(lambda: not calling._busy, 10)
    assert server.asked().count("POST /silent") == 1, "its other nine messages wait with the first"


def test_a_service_that_can_not_be_reached_waits_as_a_whole_and_follows_at_once(server, swept, monkeypatch):
    monkeypatch.setattr(webhook, "SECONDS", 0.3)
    team = with_webhook("hog", f"{server.url}/silent")
    for _ in range(8):
        note(team, "webhook", "webhook")
    assert swept() == 1 and states(team).count(("waiting", "unreached")) == 1
    note(team, "webhook", "webhook")
    assert swept() == 0, "a new message waits with the others"
    due_again()
    assert swept() == 1 and server.asked().count("POST /silent") == 2, "then one is tried, the same"
    assert states(team).count(("waiting", "unreached")) == 1
    server.on("/silent", hostile.answer(200))
    due_again()
    assert swept() == 1
    assert set(states(team)) == {("sent", "")}


def test_twenty_silent_webhooks_hold_up_nobody(server, swept, wait_for, monkeypatch):
    monkeypatch.setattr(calling, "SLOW_AFTER", 0.3)
    for number in range(20):
        hog = with_webhook(f"hog{number}", f"{server.url}/silent")
        for _ in range(3):
            note(hog, "webhook", "webhook")
    calling.deliver_calls()
    wait_for(lambda: server.asked().count("POST /silent") == 20, 5)
    good = note(with_webhook("good", f"{server.url}/hook"), "webhook", "webhook")
    calling.deliver_calls()
    wait_for(lambda: Message.objects.get(pk=good.pk).state == "sent", 5)
    wait_for(lambda: len(calling._busy) == 20)
    wait_for(lambda: not calling._busy, 10)
    Message.objects.filter(last_try="unreached").update(next_try_at=datetime.now(UTC))
    calling.deliver_calls()
    wait_for(lambda: server.asked().count("POST /silent") == 36, 5)
    again = note(Team.objects.get(name="good"), "webhook", "webhook")
    calling.deliver_calls()
    wait_for(lambda: Message.objects.get(pk=again.pk).state == "sent", 5)
    assert server.asked().count("POST /silent") == 36, "those that were slow have sixteen threads"
    server.close()


def test_a_service_that_fails_at_once_is_not_kept_waiting_with_the_slow_ones(server, swept, monkeypatch):
    monkeypatch.setattr(calling, "SLOW_AFTER", 0.3)
    slow, quick = with_webhook("slow", f"{server.url}/silent"), with_webhook("quick", "http://127.0.0.1:1/")
    for team in (slow, quick):
        note(team, "webhook", "webhook")
    swept()
    assert calling._slow_lanes == {calling.Lane(slow.pk, "webhook")}


def test_two_teams_share_a_host_and_one_path_hangs(server, swept, wait_for):
    hog, other = with_webhook("hog", f"{server.url}/silent"), with_webhook("other", f"{server.url}/hook")
    for team in (hog, other, hog, other):
        note(team, "webhook", "webhook")
    calling.deliver_calls()
    wait_for(lambda: states(other) == [("sent", "")] * 2, 5)
    assert states(hog)[0][0] == "waiting"


def test_silent_apprise_services_delay_no_others(server, wait_for):
    silent = server.url.replace("http://", "json://") + "/silent"
    for number in range(12):  # more than the threads that Apprise itself has
        hog = Team.objects.create(name=f"hog{number}", slug=f"hog{number}")
        AlertPolicy.objects.create(team=hog, apprise_url=silent)
        note(hog, "apprise", "apprise")
    calling.deliver_calls()
    wait_for(lambda: server.asked().count("POST /silent") == 12, 10)
    good = Team.objects.create(name="good", slug="good")
    AlertPolicy.objects.create(team=good, apprise_url=silent.replace("/silent", "/hook"))
    note(good, "apprise", "apprise")
    calling.deliver_calls()
    wait_for(lambda: states(good) == [("sent", "")], 5)
    wait_for(lambda: not calling._busy, 10)


def test_one_refused_message_does_not_hold_up_the_others_of_its_team(server, swept):
    team = with_webhook("picky", f"{server.url}/hook")
    server.on("/hook", hostile.answer(500))
    first = note(team, "webhook", "webhook")
    swept()
    server.on("/hook", hostile.answer(204))
    note(team, "webhook", "webhook")
    swept()
    assert states(team) == [("waiting", "own"), ("sent", "")]
    assert Message.objects.get(pk=first.pk).error == "The webhook answered 500 (Internal Server Error)."


@pytest.mark.parametrize("channel", ["webhook", "apprise"])
@pytest.mark.parametrize("facts", [{}, [], "text", {"subject": None, "team_slug": "x"}])
def test_a_message_that_can_not_be_worded_costs_itself_alone(server, swept, channel, facts):
    team = with_webhook("odd", f"{server.url}/hook")
    AlertPolicy.objects.update(apprise_url=server.url.replace("http://", "json://") + "/hook")
    note(team, channel, channel, facts=facts)
    note(team, channel, channel)
    swept()
    assert states(team) == [("waiting", "own"), ("sent", "")]


@pytest.mark.parametrize("channel", ["webhook", "apprise"])
def test_a_channel_that_was_taken_away_drops_its_messages_and_is_no_failure(server, swept, channel, client, alice):
    team = with_webhook("gone", "")
    message = note(team, channel, channel, created_at=datetime.now(UTC) - timedelta(minutes=30))
    swept()
    message.refresh_from_db()
    assert message.state == "unwanted" and "any more" in message.error
    assert delivery.trouble() == ""
    alice.is_superuser = True
    alice.save()
    client.force_login(alice)
    page = client.get("/alerts/").content.decode()
    assert "Could not be delivered" not in page and "any more" in page


def test_gone_is_given_up_at_once(server, swept):
    team = with_webhook("gone", f"{server.url}/hook")
    server.on("/hook", hostile.answer(410))
    note(team, "webhook", "webhook")
    swept()
    assert states(team) == [("given_up", "own")]


def test_one_team_s_failing_webhook_is_no_trouble_of_the_installation(server, swept, smtp, valkey):
    team = with_webhook("hog", "http://127.0.0.1:1/")
    note(team, "webhook", "webhook", created_at=datetime.now(UTC) - timedelta(minutes=30))
    swept()
    delivery.deliver()
    assert valkey.get("plimsoll:mail") == valkey.get("plimsoll:calls") == b""


def test_a_sweep_that_fails_is_a_trouble(valkey, monkeypatch):
    monkeypatch.setattr(calling, "_any_left", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        calling.deliver_calls()
    assert b"sweep that calls webhooks" in valkey.get("plimsoll:calls")


def test_no_database_connection_is_held_while_a_service_is_called(server, swept, monkeypatch):
    held: list[int] = []
    post = webhook._post

    def counted(*arguments):
        held.append(sum(connection.connection is not None for connection in connections.all()))
        return post(*arguments)

    monkeypatch.setattr(webhook, "_post", counted)
    team = with_webhook("slow", f"{server.url}/hook")
    note(team, "webhook", "webhook")
    note(team, "webhook", "webhook")
    swept()
    assert held == [0, 0] and set(states(team)) == {("sent", "")}


def test_many_waiting_messages_cost_two_statements(server, django_assert_num_queries):
    hog, other = with_webhook("hog", f"{server.url}/hook"), with_webhook("other", f"{server.url}/hook")
    now = datetime.now(UTC)
    same = {"channel": "webhook", "recipient": "webhook", "created_at": now, "next_try_at": now}
    Message.objects.bulk_create([Message(team=hog, **same)] * 5000)
    Message.objects.create(team=other, **same | {"created_at": now + timedelta(seconds=1)})
    with django_assert_num_queries(2):
        assert [lane.team for lane in calling._due()] == [hog.pk, other.pk]


def test_another_address_of_the_webhook_is_tried_at_once(server, swept, monkeypatch):
    monkeypatch.setattr(webhook, "SECONDS", 0.3)
    team = with_webhook("moved", f"{server.url}/silent")
    for _ in range(3):
        note(team, "webhook", "webhook")
    swept()
    Message.objects.filter(last_try="unreached").update(next_try_at=datetime.now(UTC) + timedelta(minutes=15))
    rules = policy.policy_of(team)
    rules.webhook_url = f"{server.url}/hook"
    policy.save(rules)
    assert swept() == 1 and set(states(team)) == {("sent", "")}
