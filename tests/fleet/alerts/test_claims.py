"""A worker that stops gives back what it claimed, and sends nothing twice that was taken."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import OperationalError, connection

from fleet.alerts import calling, claims, delivery
from fleet.alerts.channels import webhook
from fleet.models import AlertPolicy
from tests import hostile_server as hostile
from tests.fleet.alerts.outbox import note
from tests.hostile_server import HostileServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.postgres]


@pytest.fixture(autouse=True)
def process(monkeypatch):
    """As if this process had just started."""
    monkeypatch.setattr(claims, "_stopping", False)
    monkeypatch.setattr(claims, "_held", {})
    monkeypatch.setattr(claims, "_leaving", set())


@pytest.fixture
def delivering():
    """Delivers mails beside the test, as a worker's thread does."""

    def deliver() -> None:
        try:
            delivery.deliver()
        finally:
            connection.close()

    thread = threading.Thread(target=deliver)
    yield thread
    thread.join(15)
    assert not thread.is_alive()


def is_free(message) -> bool:
    """Whether the next worker may send it at once, as if it had never been tried."""
    message.refresh_from_db()
    return (message.state, message.attempts) == ("waiting", 0) and message.next_try_at <= datetime.now(UTC)


def test_a_mail_that_waits_for_a_server_that_says_nothing_is_given_back_at_once(
    team, smtp, settings, delivering, wait_for
):
    message = note(team, "oncall@example.org")
    with HostileServer(greeting=hostile.hang()) as silent:
        port, settings.EMAIL_PORT = settings.EMAIL_PORT, silent.port
        delivering.start()
        wait_for(lambda: silent.connections, 5)
        claims.stop(patience=30)
        assert is_free(message)
        assert delivery.deliver() == 0, "another thread still sweeps"
    delivering.join(15)
    message.refresh_from_db()
    message.next_try_at = datetime.now(UTC)
    message.save()
    assert delivery.deliver() == 0, "this process stops, so it begins nothing new"
    claims._stopping = False
    settings.EMAIL_PORT = port
    assert delivery.deliver() == 1 and len(smtp.messages) == 1


def test_a_mail_whose_text_the_server_has_is_waited_for_and_not_sent_twice(team, smtp, delivering, wait_for):
    message = note(team, "oncall@example.org")
    smtp.ready.clear()
    delivering.start()
    wait_for(lambda: smtp.tries, 5)
    stopping = threading.Thread(target=claims.stop, args=(10,))
    stopping.start()
    wait_for(lambda: claims._stopping, 5)
    smtp.ready.set()
    stopping.join(10)
    delivering.join(10)
    message.refresh_from_db()
    assert message.state == "sent" and len(smtp.messages) == 1
    claims._stopping = False
    assert delivery.deliver() == 0 and len(smtp.messages) == 1


def test_a_server_that_keeps_silent_about_a_text_is_not_waited_for_without_end(team, smtp, delivering, wait_for):
    message = note(team, "oncall@example.org")
    smtp.ready.clear()
    delivering.start()
    wait_for(lambda: smtp.tries, 5)
    claims.stop(patience=0.2)
    assert is_free(message)
    smtp.ready.set()


def test_what_was_given_back_does_not_leave_any_more(team, smtp, monkeypatch):
    message = note(team, "oncall@example.org")
    monkeypatch.setattr(claims, "let_go_of_database", lambda: claims.stop(0))  # between the claim and the text
    assert delivery.deliver() == 0
    assert is_free(message) and not smtp.messages


def test_calls_are_given_back_too(team, wait_for, monkeypatch):
    monkeypatch.setattr(webhook, "SECONDS", 1)
    with HostileServer() as silent:
        silent.on("/", hostile.hang())
        AlertPolicy.objects.create(team=team, webhook_url=silent.url, webhook_secret="s")
        first, second = note(team, "webhook", "webhook"), note(team, "webhook", "webhook")
        calling.deliver_calls()
        wait_for(lambda: silent.requests, 5)
        claims.stop(patience=0.1)
        assert is_free(first) and is_free(second)
        wait_for(lambda: not calling._busy, 5)
        assert len(silent.requests) == 1


def test_a_lease_that_ran_out_is_no_longer_ours_to_give_back(team):
    message = note(team, "oncall@example.org")
    assert claims.claim(message)
    later = datetime.now(UTC) + timedelta(minutes=5)
    type(message).objects.update(next_try_at=later, attempts=2)  # another process has it
    claims.stop(patience=0)
    message.refresh_from_db()
    assert (message.next_try_at, message.attempts) == (later, 2)


def test_only_one_of_two_claims_the_message(team):
    message = note(team, "oncall@example.org")
    assert claims.claim(message) is not None
    assert claims.claim(message) is None
    assert list(claims._held) == [message.pk]


def test_a_claim_whose_end_could_not_be_written_is_made_again_after_its_lease(team, smtp, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    message = note(team, "oncall@example.org")
    monkeypatch.setattr(claims, "sent", broken)
    with pytest.raises(OperationalError):
        delivery.deliver()
    monkeypatch.undo()
    message.refresh_from_db()
    with time_machine.travel(message.next_try_at + timedelta(seconds=1)):
        assert delivery.deliver() == 1
