"""What messages say, and that nothing in a name can reach a header or become HTML."""

import re
from datetime import datetime

import pytest
from django.template.loader import render_to_string

from fleet import endpoints
from fleet.alerts import delivery, wording
from fleet.engines.errors import Cause
from fleet.incidents import actions, sweep
from fleet.models import AlertPolicy, Incident, Message
from fleet.verdict import causes
from tests.fleet.outages import bad, fail, probed, recover, settle, watched
from tests.html import flat

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


def messages() -> list[Message]:
    settle()
    delivery.deliver()
    return list(Message.objects.order_by("pk"))


def test_a_webhook_gets_the_incident_with_cause_and_advice(team):
    endpoint = watched(team, "gpu-1", "http://gpu-1:8000")
    incident = fail(endpoint)
    found = wording.payload(messages()[0])
    assert (found["version"], found["team"], found["subject"]) == (1, "search", "DOWN  gpu-1 (Search)")
    [one] = found["incidents"]
    assert one["kind"] == one["status"] == "down"
    assert one["incident"] == incident.pk
    assert one["endpoint"]["url"] == "http://gpu-1:8000"
    assert one["cause"] == "connection_refused" and "nothing listens" in one["sentence"]
    assert one["resolved_at"] is None


def test_line_breaks_in_a_name_do_not_reach_the_header(team, smtp):
    endpoint = watched(team, "gpu-1")
    type(endpoint).objects.update(name="gpu\r\nBcc: everyone@example.org")
    fail(endpoint)
    messages()
    [mail] = smtp.messages
    assert mail["Subject"] == "DOWN  gpu Bcc: everyone@example.org (Search)"
    assert mail["Bcc"] is None and smtp.recipients == ["oncall@example.org"]


def test_markup_in_a_name_is_text_in_the_html(team):
    fail(endpoints.add(team, name="<b>gpu</b>", url="http://gpu-1:8000"))
    html = wording.render_html(messages()[0])
    assert "&lt;b&gt;gpu&lt;/b&gt;" in html and "<b>gpu" not in html


def test_markup_in_a_name_is_text_on_the_alerts_page(client, alice, team):
    fail(endpoints.add(team, name="<a hx-post=/people/1/ hx-trigger=load>", url="http://gpu-1:8000"))
    assert len(messages()) == 1
    client.force_login(alice)
    page = client.get("/alerts/").content.decode()
    assert "&lt;a hx-post=/people/1/" in page and "<a hx-post=/people" not in page


def test_a_long_storm_names_fifty_and_counts_the_rest(team):
    for number in range(52):
        fail(watched(team, f"gpu-{number:02}"))
    [message] = messages()
    text = wording.render_text(message)
    assert wording.subject(message) == "DOWN  52 endpoints (Search)"
    assert text.count("connection refused") == 50 and "and 2 more" in text
    assert "what they share" in text


def test_a_reminder_says_that_it_goes_on(team):
    incident = fail(watched(team, "gpu-1"))
    messages()
    Incident.objects.update(announced_at=incident.opened_at.replace(year=2020))
    sweep.sweep()
    reminder = messages()[1]
    assert wording.subject(reminder) == "STILL DOWN  gpu-1 (Search)"
    assert "still down, and nobody has acknowledged it" in wording.render_text(reminder)


PRESENT = ("nothing listens", "What to try", "Down or degraded")
"""What only a mail about an outage that lasts may say."""


def test_a_recovery_says_when_it_came_back_and_what_it_was(team, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    endpoint = watched(team, "gpu-1")
    fail(endpoint)
    messages()
    recover(endpoint)
    message = messages()[1]
    [fact] = wording.payload(message)["incidents"]
    assert (fact["sentence"], fact["advice"], fact["lasted"]) == ("It was: connection refused.", "", "0 s")
    for said in (wording.render_text(message), wording.render_html(message)):
        assert "It was: connection refused." in said and re.search(
            r"answered again at [0-9:]{8} CET, confirmed at [0-9:]{8} CET", said
        )
        assert not [words for words in PRESENT if words in said]


def test_a_group_that_is_back_is_not_worded_as_an_outage(team):
    endpoints = [watched(team, f"gpu-{number}") for number in (1, 2)]
    for endpoint in endpoints:
        fail(endpoint)
    messages()
    for endpoint in endpoints:
        recover(endpoint)
    message = messages()[1]
    assert wording.subject(message) == "UP  2 endpoints (Search)"
    for said in (wording.render_text(message), wording.render_html(message)):
        assert "Answered again by " in said and "It was: connection refused." in said
        assert not [words for words in PRESENT if words in said]


def test_a_storm_of_several_causes_names_the_step_and_what_to_try_for_each(team):
    for name, cause in (("gpu-1", Cause.ENGINE_DEAD), ("gpu-2", Cause.SERVER_ERROR)):
        endpoint = watched(team, name)
        probed(endpoint, *(bad(cause, "health") for _ in range(3)))
    [message] = messages()
    text = wording.render_text(message)
    assert "gpu-1 is down: engine dead, step health, since" in text
    assert f"- engine dead: {causes.advice('engine_dead')}\n- server error: {causes.advice('server_error')}" in text
    html = wording.render_html(message)
    assert "check first what they share" in html and "<strong>Engine dead:</strong>" in html


def test_trouble_that_comes_again_names_the_incident_before_and_who_was_on_it(team, client, alice):
    endpoint = watched(team, "gpu-1")
    first = fail(endpoint)
    messages()
    actions.acknowledge(first, "bob")
    recover(endpoint)
    messages()
    second = fail(endpoint)
    assert second.pk != first.pk
    message = messages()[-1]
    words = "0 s before, down for 0 s, acknowledged by bob"
    assert f"Earlier    #{first.pk}, {words}" in wording.render_text(message)
    assert f"#{first.pk}, {words}" in wording.render_html(message)
    client.force_login(alice)
    page = flat(client.get(second.get_absolute_url()).content.decode())
    assert f'<a href="/incidents/{first.pk}/">#{first.pk}</a>, {words}' in page
    Incident.objects.filter(pk=first.pk).update(acknowledged_by="someone")  # as when bob is deleted
    assert "bob" not in wording.render_text(message)


def test_a_reminder_names_the_cause_of_now(team):
    incident = fail(watched(team, "gpu-1"))
    messages()
    probed(incident.endpoint, *(bad(Cause.TIMED_OUT, "health") for _ in range(3)))
    Incident.objects.update(announced_at=incident.opened_at.replace(year=2020))
    sweep.sweep()
    text = wording.render_text(messages()[1])
    assert "did not answer in time" in text and "health" in text and "nothing listens" not in text


def test_a_mail_says_who_can_change_its_recipients_and_where(team, settings):
    settings.SITE_URL = "https://plimsoll.example.org"
    fail(watched(team, "gpu-1"))
    message = messages()[0]
    for said in (wording.render_text(message), wording.render_html(message)):
        assert "An owner of Search can change" in said and "https://plimsoll.example.org/teams/search/" in said
        assert "oncall@example.org is on the list of Search" in said


def test_what_is_over_has_no_acknowledge_link(team):
    endpoint = watched(team, "gpu-1")
    fail(endpoint)
    first = messages()[0]
    recover(endpoint)
    second = messages()[1]
    assert "/alerts/acknowledge/" in wording.render_text(first)
    assert "/alerts/acknowledge/" not in wording.render_text(second)


@pytest.mark.parametrize(
    ("zone", "at", "shown"),
    [
        ("Europe/Berlin", "2026-10-25 00:30", "02:30:00 CEST"),
        ("Europe/Berlin", "2026-10-25 01:30", "02:30:00 CET"),
        ("Europe/Berlin", "2026-03-29 01:30", "03:30:00 CEST"),
        ("America/New_York", "2026-11-01 06:30", "01:30:00 EST"),
        ("Australia/Lord_Howe", "2026-04-04 15:15", "01:45:00 +1030"),
        ("UTC", "2026-10-25 01:30", "01:30:00 UTC"),
    ],
)
@pytest.mark.parametrize("template", ["alert.txt", "alert.html"])
def test_the_time_in_a_mail_names_its_zone_also_in_an_hour_that_comes_twice(settings, zone, at, shown, template):
    settings.TIME_ZONE = zone
    item = {"began_at": datetime.fromisoformat(f"{at}+00:00"), "seen_at": None}
    assert shown in render_to_string(f"email/{template}", {"item": item, "facts": {}, "message": {}})


@pytest.mark.parametrize(
    ("of_team", "installation", "zone"),
    [("Asia/Tokyo", "UTC", "JST"), ("Asia/Tokyo", "Europe/Berlin", "JST"), ("UTC", "Asia/Tokyo", "JST"),
     (None, "Asia/Tokyo", "JST"), ("No/Zone", "Asia/Tokyo", "UTC"), ("UTC", "UTC", "UTC")],
)  # fmt: skip
def test_times_in_a_mail_are_of_the_teams_zone_or_the_installations(team, settings, of_team, installation, zone):
    settings.TIME_ZONE = installation
    if of_team:
        AlertPolicy.objects.create(team=team, time_zone=of_team)
    fail(watched(team, "gpu-1"))
    [message] = messages()
    for text in (wording.render_text(message), wording.render_html(message), wording.shown_text(message)):
        assert re.search(rf"\d\d:\d\d:\d\d {zone}\b", text)
