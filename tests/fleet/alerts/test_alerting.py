"""A team's notifications: their page, test messages that show the truth, and the list of messages."""

import json
import re
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from fleet.alerts import recipients, test_messages
from fleet.models import Alert, AlertPolicy, Message
from teams.models import Team
from tests import hostile_server as hostile
from tests.conftest import free_port
from tests.hostile_server import HostileServer

pytestmark = [pytest.mark.django_db, pytest.mark.database]

PATH = "/teams/search/alerting/"
GOOD = {
    "remind_every": "6", "escalate_to": "boss@example.org", "escalate_after": "45", "quiet_from": "22:00",
    "quiet_to": "07:00", "digest_at": "08:30", "time_zone": "Europe/Vienna", "apprise_url": "", "webhook_url": "",
}  # fmt: skip


@pytest.fixture
def page(client, alice, team):
    client.force_login(alice)
    return client


@pytest.fixture
def server():
    with HostileServer() as running:
        running.on("/hook", hostile.answer(204))
        yield running


def text(response) -> str:
    return response.content.decode()


def ask_for_test(page, channel: str) -> str:
    return text(page.post(f"{PATH}test/", {"channel": channel}, follow=True))


def test_what_a_team_chose_is_stored_and_shown(page, team):
    assert "Alert settings" in text(page.get("/teams/search/"))
    assert page.post(PATH, GOOD).status_code == 302
    stored = AlertPolicy.objects.get()
    assert (stored.remind_every, stored.escalate_to, stored.escalate_after) == (6, ["boss@example.org"], 45)
    assert (f"{stored.quiet_from:%H:%M}", f"{stored.quiet_to:%H:%M}", stored.time_zone) == (
        "22:00", "07:00", "Europe/Vienna",
    )  # fmt: skip
    html = text(page.get(PATH))
    assert 'value="22:00"' in html and "boss@example.org" in html and 'value="Europe/Vienna" selected' in html


def test_a_team_that_chose_nothing_sees_the_defaults(page):
    html = text(page.get(PATH))
    assert re.search(r'name="remind_every" value="4"', html) and 'value="08:00"' in html
    assert not AlertPolicy.objects.exists()


def test_a_stored_time_zone_that_is_no_more_is_named_and_shown_as_utc(page, team):
    AlertPolicy.objects.create(team=team, time_zone="Mars/Base")
    html = text(page.get(PATH))
    assert "The time zone “Mars/Base” is not known on this machine, so UTC is used. Choose another one." in html
    assert 'value="UTC" selected' in html and 'value="Mars/Base"' not in html
    page.post(PATH, GOOD)
    assert "is not known on this machine" not in text(page.get(PATH))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"remind_every": "-1"}, "number from 0 to 168"),
        ({"escalate_to": "nobody"}, "is not an email address"),
        ({"escalate_to": "a@example.org\rBcc: x@example.org"}, "is not an email address"),
        ({"quiet_to": ""}, "need a beginning and an end"),
        ({"quiet_to": "22:00"}, "must end at another time"),
        ({"digest_at": "soon"}, "Enter a time of the day"),
        ({"time_zone": "Middle/Earth"}, "Choose a time zone of the list"),
        ({"webhook_url": "http://169.254.169.254/hook"}, "metadata service"),
        ({"webhook_url": "nonsense"}, "must begin with http"),
        ({"apprise_url": "nonsense"}, "not an Apprise URL"),
        ({"apprise_url": "syslog://"}, "syslog:// is not allowed here. Possible are discord, form,"),
    ],
)
def test_bad_input_gets_a_sentence_and_nothing_is_saved(page, change, said):
    html = text(page.post(PATH, {**GOOD, **change}))
    assert said in html and "Nothing was saved" in html
    assert not AlertPolicy.objects.exists()


def test_the_secret_is_shown_once_and_urls_never(page, server):
    url = f"{server.url}/hook?token=very-secret"
    html = text(page.post(PATH, {**GOOD, "webhook_url": url, "apprise_url": "ntfys://127.0.0.1/my-topic"}))
    secret = AlertPolicy.objects.get().webhook_secret
    assert len(secret) >= 40 and secret in html
    for shown in (html, text(page.get(PATH))):
        assert "very-secret" not in shown and "my-topic" not in shown and "Stored: http://127.0.0.1" in shown
    assert secret not in text(page.get(PATH))


def test_a_refused_form_does_not_send_the_url_back(page, server):
    html = text(page.post(PATH, {**GOOD, "remind_every": "x", "webhook_url": f"{server.url}/hook?token=very-secret"}))
    assert "very-secret" not in html and "type them again" in html


def test_left_empty_the_webhook_stays_and_a_box_forgets_it(page, server):
    page.post(PATH, {**GOOD, "webhook_url": f"{server.url}/hook"})
    before = AlertPolicy.objects.get()
    page.post(PATH, GOOD)
    kept = AlertPolicy.objects.get()
    assert (kept.webhook_url, kept.webhook_secret) == (before.webhook_url, before.webhook_secret)
    page.post(PATH, {**GOOD, "new_secret": "on"})
    assert AlertPolicy.objects.get().webhook_secret not in ("", before.webhook_secret)
    page.post(PATH, {**GOOD, "forget_webhook": "on"})
    gone = AlertPolicy.objects.get()
    assert (gone.webhook_url, gone.webhook_secret) == ("", "")


def test_strangers_get_404_and_change_nothing(client, charlie, team, smtp):
    recipients.unsubscribe(team, "oncall@example.org")
    client.force_login(charlie)
    assert client.get(PATH).status_code == 404
    assert client.post(PATH, GOOD).status_code == 404
    assert client.post(f"{PATH}test/", {"channel": "mail"}).status_code == 404
    again = {"address": "oncall@example.org", "act": "subscribe"}
    assert client.post(f"{PATH}recipient/", again).status_code == 404
    assert not AlertPolicy.objects.exists() and not recipients.active(team) and not smtp.messages


def test_a_get_tests_nothing(page, smtp):
    assert page.get(f"{PATH}test/?channel=mail").status_code == 405
    assert page.get(f"{PATH}recipient/").status_code == 405
    assert page.post(f"{PATH}test/", {"channel": "smoke"}).status_code == 404


def test_a_test_mail_that_is_taken_shows_what_the_server_said(page, smtp):
    smtp.answer = "250 2.0.0 Ok: queued as 4711"
    html = ask_for_test(page, "mail")
    assert f"oncall@example.org: 127.0.0.1:{smtp.port} took it: 250 2.0.0 Ok: queued as 4711" in html
    [mail] = smtp.messages
    assert mail["Subject"] == "TEST  Test notification for Search (Search)" and mail["List-Unsubscribe"]
    assert Message.objects.get().state == "sent" and "works: the last mail was taken" in html


def test_each_address_gets_its_own_answer_and_a_bounce_is_marked(page, team, smtp):
    team.mail_to = ["gone@example.org", "oncall@example.org"]
    team.save()
    smtp.refuse = {"gone@example.org"}
    html = ask_for_test(page, "mail")
    assert "gone@example.org: 127.0.0.1" in html and "refused the address: 550 5.1.1 no such address here" in html
    assert "oncall@example.org: 127.0.0.1" in html and smtp.recipients == ["oncall@example.org"]
    assert "It works again" in html
    page.post(f"{PATH}recipient/", {"address": "gone@example.org", "act": "clear"})
    assert "It works again" not in text(page.get(PATH))


@pytest.mark.parametrize("answer", ["451 4.3.0 come back later", "554 5.7.1 we do not like you"])
def test_a_test_mail_that_is_not_taken_shows_the_answer_and_is_not_queued(page, smtp, answer):
    smtp.answer = answer
    assert f"answered: {answer}" in ask_for_test(page, "mail")
    assert not Message.objects.exists() and not Alert.objects.exists()


def test_no_mail_server_answers(page, settings, smtp):
    settings.EMAIL_PORT = free_port()
    assert "could not be reached: [Errno 111] Connection refused" in ask_for_test(page, "mail")


def test_a_mail_server_that_says_nothing_is_left_when_the_time_is_over(page, settings, smtp, monkeypatch):
    monkeypatch.setattr(test_messages, "SECONDS", 0.5)
    with HostileServer(greeting=hostile.hang()) as silent:
        settings.EMAIL_PORT = silent.port
        began = time.monotonic()
        assert "did not answer within 0.5 s" in ask_for_test(page, "mail")
    assert time.monotonic() - began < 3


def test_a_mail_server_that_dribbles_is_left_too(page, settings, smtp, monkeypatch):
    monkeypatch.setattr(test_messages, "SECONDS", 0.5)
    with HostileServer(greeting=hostile.dribble_body(length=None)) as slow:
        settings.EMAIL_PORT = slow.port
        began = time.monotonic()
        assert "oncall@example.org: " not in ask_for_test(page, "mail")
    assert time.monotonic() - began < 3


def test_without_a_mail_server_or_an_address_that_is_said(page, team, settings):
    settings.EMAIL_CONFIGURED = False
    assert "No mail server is set (EMAIL_URL)" in ask_for_test(page, "mail")
    settings.EMAIL_CONFIGURED = True
    recipients.unsubscribe(team, "oncall@example.org")
    assert "list has unsubscribed" in ask_for_test(page, "mail")
    Team.objects.update(mail_to=[])
    assert "no address that mails go to" in ask_for_test(page, "mail")


def test_who_unsubscribed_is_shown_and_can_come_back(page, team):
    recipients.unsubscribe(team, "oncall@example.org")
    assert "unsubscribed" in text(page.get(PATH))
    again = {"address": "oncall@example.org", "act": "subscribe"}
    assert "Subscribe again" not in text(page.post(f"{PATH}recipient/", again, follow=True))
    assert recipients.active(team) == ["oncall@example.org"]
    assert page.post(f"{PATH}recipient/", {**again, "address": "x@example.org"}).status_code == 404


def test_the_webhook_is_tested_by_the_path_that_alerts_take(page, server):
    page.post(PATH, {**GOOD, "webhook_url": f"{server.url}/hook"})
    assert "The webhook took it." in ask_for_test(page, "webhook")
    assert json.loads(server.requests[0].body)["subject"].startswith("TEST  ")
    server.on("/hook", hostile.answer(500, b"out of order"))
    assert "The webhook answered 500 (Internal Server Error)." in ask_for_test(page, "webhook")
    assert Message.objects.get().state == "sent"


def test_what_a_page_in_the_network_says_is_not_shown_to_who_calls_it_a_webhook(page, server):
    page.post(PATH, {**GOOD, "webhook_url": f"{server.url}/hook"})
    server.on("/hook", hostile.answer(404, b"inner-secret"))
    assert "inner-secret" not in ask_for_test(page, "webhook")


def test_a_stored_url_that_is_not_allowed_any_more_says_so_at_the_test(page, team):
    AlertPolicy.objects.create(team=team, apprise_url="mailto://me:pw@example.org")
    assert "mailto:// is not allowed here. Possible are discord" in ask_for_test(page, "apprise")
    assert page.get(PATH).status_code == 200


def test_tests_have_an_end_for_a_team_and_come_back(page, alice, server):
    page.post(PATH, {**GOOD, "webhook_url": f"{server.url}/hook"})
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        page.force_login(alice)
        for _ in range(test_messages.A_TEAM):
            assert "The webhook took it." in ask_for_test(page, "webhook")
        assert "Nothing was sent." in ask_for_test(page, "webhook")
        assert "Nothing was sent." in ask_for_test(page, "mail")
        assert len(server.requests) == test_messages.A_TEAM
        clock.shift(test_messages.STRETCH)
        assert "The webhook took it." in ask_for_test(page, "webhook")


def test_tests_have_an_end_for_a_person_of_many_teams(db):
    with time_machine.travel(1_800_000_000, tick=False):
        assert all(test_messages.allowed(1, team) for team in range(test_messages.A_PERSON))
        assert not test_messages.allowed(1, test_messages.A_PERSON)
        assert test_messages.allowed(2, test_messages.A_PERSON)


@pytest.fixture
def dead(team) -> Message:
    """A message to the team's webhook that was given up."""
    now = datetime.now(UTC)
    same = {"team": team, "channel": "webhook", "recipient": "webhook", "created_at": now - timedelta(days=2)}
    found = Message.objects.create(state="given_up", attempts=90, error="The webhook answered 500.", **same)
    facts = {"subject": "A decision", "text": "Look.", "path": "/decisions/1/", "link_text": "Open", "name": "x"}
    facts |= {"team": "Search", "team_slug": "search"}
    Alert.objects.create(kind="review", key="k", facts=facts, message=found, **same)
    return found


def test_a_dead_letter_stands_on_top_and_is_sent_again(page, dead):
    html = text(page.get("/alerts/"))
    assert "Could not be delivered (1)" in html and "The webhook answered 500." in html
    assert "&quot;version&quot;: 1" in html
    assert "It is sent again to webhook" in text(page.post(f"/alerts/{dead.pk}/again/", follow=True))
    again = Message.objects.get()
    assert again.state == "waiting" and again.next_try_at and again.created_at == dead.created_at
    assert "nothing to send again" in text(page.post(f"/alerts/{dead.pk}/again/", follow=True))


def test_only_the_team_sends_its_dead_letters_again(client, charlie, dead):
    client.force_login(charlie)
    assert "Send again" not in text(client.get("/alerts/"))
    assert client.post(f"/alerts/{dead.pk}/again/").status_code == 404
    assert client.get(f"/alerts/{dead.pk}/again/").status_code == 405
    assert Message.objects.get().state == "given_up"


def test_what_was_dropped_is_listed_with_why(page, dead):
    Alert.objects.update(message=None, dropped="it was over before anyone was alerted")
    assert "it was over before anyone was alerted" in text(page.get("/alerts/?state=dropped"))
    assert "it was over before anyone was alerted" not in text(page.get("/alerts/?state=sent"))
