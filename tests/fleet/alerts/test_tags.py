"""Alerts by tag: recipients and channels that are limited to endpoints with certain tags."""

from datetime import UTC, datetime

import pytest

from fleet.alerts import outbox, policy, recipients
from fleet.incidents import root_cause
from fleet.models import Alert, AlertPolicy, Channel, Endpoint, Incident, Recipient
from teams.models import AuditEntry
from tests.fleet.alerts.test_alerting import GOOD, PATH, text
from tests.fleet.test_board import down

pytestmark = [pytest.mark.django_db, pytest.mark.database]

CHAT, EVERYTHING = "chat@example.org", "oncall@example.org"


@pytest.fixture
def limited(team):
    """One address and the webhook get what is tagged chat, another address gets everything."""
    team.mail_to = [EVERYTHING, CHAT]
    team.save()
    recipients.choose_tags(team, "Chat@example.org", ["chat"])
    AlertPolicy.objects.create(team=team, webhook_url="https://hooks.example.org/x", webhook_tags=["chat", "prod"])
    return team


def trouble(name: str, *tags: str, **fields) -> Incident:
    state = down(name)
    Endpoint.objects.filter(pk=state.pk).update(tags=tags, **fields)
    now = datetime.now(UTC)
    return Incident.objects.create(
        endpoint=Endpoint.objects.get(pk=state.pk), cause="timed_out", began_at=now, opened_at=now, status="down"
    )


def alerted(incident: Incident) -> set[str]:
    return set(incident.alerts.filter(dropped="").values_list("recipient", flat=True))


def announce(incident: Incident) -> set[str]:
    outbox.write_alerts(incident, incident.endpoint.state)
    return alerted(incident)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["chat"], {EVERYTHING, CHAT, "webhook"}),
        (["lab", "prod"], {EVERYTHING, "webhook"}),
        (["lab"], {EVERYTHING}),
        ([], {EVERYTHING}),
    ],
)
def test_who_chose_tags_gets_only_what_has_one_of_them(limited, tags, expected):
    assert announce(trouble("gpu-1", *tags)) == expected


def test_without_a_choice_everybody_gets_everything(team):
    assert announce(trouble("gpu-1", "lab")) == {EVERYTHING}


def test_an_outage_reaches_those_whose_endpoints_it_takes_with_it(limited):
    proxy = trouble("proxy")
    assert announce(proxy) == {EVERYTHING}
    behind = trouble("gpu-1", "chat", depends_on=proxy.endpoint)
    root_cause.attribute(behind)
    assert behind.parent == proxy and alerted(proxy) == {EVERYTHING, CHAT, "webhook"}
    assert proxy.alerts.count() == 3  # nobody gets it twice


def test_the_end_goes_to_those_who_were_alerted_of_the_trouble_whatever_the_tags_are_by_then(limited):
    incident = trouble("gpu-1", "chat")
    announce(incident)
    Endpoint.objects.update(tags=[])
    got = recipients.who_gets(incident, Alert.Kind.RECOVERED, limited, policy.policy_of(limited))
    assert (Channel.MAIL.value, CHAT) in got


def test_an_owner_limits_an_address_on_the_page(client, alice, bob, team):
    client.force_login(alice)
    trouble("gpu-1", "prod")
    assert "Alerts by tag" in text(client.get(PATH))
    post = {"address": EVERYTHING, "act": "tags"}
    page = text(client.post(f"{PATH}recipient/", {**post, "tags": "Chat, prod"}, follow=True))
    assert f"{EVERYTHING} gets alerts about endpoints tagged chat or prod of Search." in page
    assert Recipient.objects.get().only_tags == ["chat", "prod"]
    assert AuditEntry.objects.get(action="recipient.tags").detail["tags"] == {"from": [], "to": ["chat", "prod"]}
    assert "Nothing was changed." in text(client.post(f"{PATH}recipient/", {**post, "tags": "a/b"}, follow=True))
    assert client.post(f"{PATH}recipient/", {**post, "address": "x@example.org"}).status_code == 404
    client.post(f"{PATH}recipient/", {**post, "tags": ""})
    assert Recipient.objects.get().only_tags == []


def test_the_page_warns_of_endpoints_that_nobody_is_alerted_of(client, alice, team):
    client.force_login(alice)
    for name, tags in (("gpu-1", ["chat"]), ("gpu-2", ["lab"]), ("gpu-3", [])):
        trouble(name, *tags)
    assert "Nobody gets alerts about" not in text(client.get(PATH))
    recipients.choose_tags(team, EVERYTHING, ["chat"])
    page = text(client.get(PATH))
    assert "Nobody gets alerts about 2 endpoints" in page and "gpu-2, gpu-3" in page


def test_channels_are_limited_by_the_form(client, alice, team):
    client.force_login(alice)
    trouble("gpu-1", "chat")
    client.post(PATH, {**GOOD, "webhook_url": "http://192.0.2.7/hook", "webhook_tags": "chat, Prod"})
    stored = AlertPolicy.objects.get()
    assert (stored.webhook_tags, stored.apprise_tags) == (["chat", "prod"], [])
    assert 'value="chat, prod"' in text(client.get(PATH))
