"""Who unsubscribed gets no mail of any kind, whatever list has the address and in whatever letters."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from fleet.alerts import delivery, digest, links, outbox, recipients
from fleet.incidents import sweep
from fleet.models import Alert, AlertPolicy, Change, Incident, Message, Recipient
from tests.fleet.alerts.outbox import due_again, note
from tests.fleet.outages import fail, recover, settle, watched

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.database]

STAYS = "stays@example.org"
LETTERS = [
    ("oncall@example.org", "oncall@example.org"),
    ("OnCall@example.org", "oncall@example.org"),
    ("oncall@example.org", "ONCALL@example.org"),
    ("oncall@xn--bcher-kva.example", "OnCall@xn--bcher-kva.example"),
]
"""An address as it was when its owner unsubscribed, and as the lists have it later."""


def leave(team, address: str) -> None:
    """As a mail program does it, from the head of a mail."""
    assert Client().post(links.unsubscribe_path(team.pk, address)).status_code == 200


def everything(team) -> None:
    """Mails of each kind that there is: an outage from its begin to its end, a digest, a review."""
    endpoint = watched(team, f"gpu-{Incident.objects.count()}")
    incident = fail(endpoint)
    earlier = datetime.now(UTC) - timedelta(hours=5)
    Incident.objects.filter(pk=incident.pk).update(opened_at=earlier, announced_at=earlier)
    sweep.sweep()
    recover(type(endpoint).objects.get(pk=endpoint.pk))
    until = datetime.now(UTC) + timedelta(days=Incident.objects.count())
    AlertPolicy.objects.update(digest_at=until.time())
    Change.objects.create(endpoint=endpoint, at=until, kind="version", before="1", after="2")
    digest.write_due(until)
    day = date(2026, 1, 1)
    outbox.write_note(team, f"due-{endpoint.pk}-{day}", subject="A", text="B", path="/", link_text="Open")
    settle()
    delivery.deliver()


def kinds_to(address: str) -> set[str]:
    rows = Alert.objects.filter(recipient__iexact=address, message__state="sent")
    return set(rows.values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("left", "listed", "lists"),
    [
        *((left, listed, ("mail_to", "escalate_to")) for left, listed in LETTERS),
        (*LETTERS[1], ("mail_to",)),
        (*LETTERS[1], ("escalate_to",)),
    ],
)
def test_leaving_ends_every_kind_and_coming_back_begins_them_again(team, alice, client, smtp, left, listed, lists):
    team.mail_to = [STAYS, listed] if "mail_to" in lists else [STAYS]
    team.save()
    escalate_to = [STAYS, listed] if "escalate_to" in lists else [STAYS]
    AlertPolicy.objects.create(team=team, escalate_to=escalate_to, escalate_after=30)
    leave(team, left)
    everything(team)
    every = {"down", "reminder", "escalated", "recovered", "digest", "review"}
    assert kinds_to(STAYS) == every and kinds_to(listed) == set()
    assert {address.lower() for address in smtp.recipients} == {STAYS}

    client.force_login(alice)
    page = f"/teams/{team.slug}/alerting/"
    assert "Subscribe again" in client.get(page).content.decode()
    client.post(f"{page}recipient/", {"address": listed, "act": "subscribe"})
    everything(team)
    alerted = every - {"escalated"} if "mail_to" in lists else {"recovered"}
    assert kinds_to(listed) == alerted | ({"escalated"} if "escalate_to" in lists else set())
    assert "Subscribe again" not in client.get(page).content.decode()


@pytest.mark.parametrize(("left", "listed"), LETTERS)
@pytest.mark.parametrize("state", ["waiting", "given_up"])
def test_what_waits_for_its_next_try_is_not_sent(team, smtp, left, listed, state):
    message = note(team, listed, state=state, attempts=3)
    leave(team, left)
    if state == "given_up":
        delivery.send_again(message)
    due_again()
    delivery.deliver()
    message.refresh_from_db()
    assert (message.state, message.error) == (Message.State.DROPPED, recipients.UNWANTED)
    assert not smtp.recipients


@pytest.mark.parametrize("when", ["before it recovers", "before its mail is made"])
def test_the_incident_shows_that_its_end_was_not_sent_whenever_they_left(team, smtp, when):
    incident = fail(watched(team, "gpu-1"))
    settle()
    delivery.deliver()
    if when == "before it recovers":
        leave(team, "oncall@example.org")
    recover(incident.endpoint)
    leave(team, "oncall@example.org")
    settle()
    delivery.deliver()
    ended = incident.alerts.get(kind="recovered")
    assert (ended.recipient, ended.dropped) == ("oncall@example.org", recipients.UNWANTED)
    assert smtp.recipients == ["oncall@example.org"], "of the outage alone"


def test_what_the_limit_of_an_hour_held_back_is_dropped(team, smtp):
    now = datetime.now(UTC)
    Alert.objects.create(team=team, kind="review", key="k", recipient="oncall@example.org", facts={"subject": "x"},
                         created_at=now - timedelta(hours=2), over_limit=True)  # fmt: skip
    leave(team, "ONCALL@example.org")
    delivery.deliver()
    assert Alert.objects.get().dropped == recipients.UNWANTED and not Message.objects.exists()


def test_a_row_of_older_versions_in_other_letters_is_the_same_mailbox(team):
    for address in ("OnCall@example.org", "ONCALL@example.org"):
        Recipient.objects.create(team=team, address=address, unsubscribed_at=datetime.now(UTC))
    assert recipients.active(team) == []
    recipients.bounced(team, "oncall@example.org", "550 5.1.1 no such address")
    recipients.subscribe(team, "oncall@example.org")
    assert recipients.active(team) == ["oncall@example.org"] and Recipient.objects.count() == 2
