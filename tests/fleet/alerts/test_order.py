"""Per recipient and incident the last word is the last state, on every channel."""

import json
from datetime import UTC, datetime, time, timedelta

import pytest

from fleet.alerts import calling, claims, delivery, order
from fleet.alerts.channels import Unreached, webhook
from fleet.engines.errors import Cause
from fleet.incidents import sweep
from fleet.models import Alert, AlertPolicy, EndpointState, Incident, Message
from fleet.muting import actions, marks
from tests.fleet.alerts.outbox import due_again
from tests.fleet.outages import fail, recover, settle, watched

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.postgres]

DOWN, UP = "DOWN  gpu-1 (Search)", "UP  gpu-1 (Search)"


def deliver() -> None:
    settle()
    delivery.deliver()


def subjects(smtp) -> list[str]:
    return [str(mail["Subject"]) for mail in smtp.messages]


@pytest.fixture
def endpoint(team):
    return watched(team, "gpu-1")


@pytest.mark.parametrize("answer", ["451 4.7.1 greylisted", "450 4.2.0 later", "552 5.2.2 full"])
@pytest.mark.parametrize("cause", [Cause.CONNECTION_REFUSED, Cause.AUTH_REJECTED])
def test_what_was_put_off_goes_with_its_end(endpoint, smtp, answer, cause):
    smtp.answer = answer
    fail(endpoint, cause)
    deliver()
    recover(endpoint)
    smtp.answer = "250 taken"
    deliver()
    due_again()
    deliver()
    assert subjects(smtp) == [UP]
    text = smtp.messages[0].get_body(("plain",)).get_content()
    assert "From  " in text and "Lasted" in text
    assert list(Message.objects.values_list("state", flat=True)) == ["sent"]


def test_the_others_of_a_put_off_message_are_still_down(team, endpoint, smtp):
    smtp.answer = "451 4.7.1 later"
    fail(endpoint)
    fail(watched(team, "gpu-2"))
    deliver()
    Message.objects.update(created_at=datetime.now(UTC) - timedelta(minutes=2))
    recover(endpoint)
    smtp.answer = "250 taken"
    Alert.objects.filter(message=None).update(created_at=datetime.now(UTC) - timedelta(minutes=2))
    delivery.deliver()
    due_again()
    delivery.deliver()
    assert sorted(subjects(smtp)) == ["DOWN  gpu-2 (Search)", UP]


def test_an_end_waits_while_its_beginning_is_being_sent(endpoint, smtp):
    smtp.answer = "451 4.7.1 later"
    fail(endpoint)
    deliver()
    soon = datetime.now(UTC) + claims.LEASE
    Message.objects.update(last_try=Message.Try.RUNNING, next_try_at=soon)
    recover(endpoint)
    smtp.answer = "250 taken"
    deliver()
    assert subjects(smtp) == []
    Message.objects.filter(next_try_at=soon).update(last_try=Message.Try.REFUSED)
    deliver()
    assert subjects(smtp) == [UP]


def test_a_lost_beginning_that_is_sent_again_comes_not_after_its_end(endpoint, smtp):
    smtp.answer = "451 4.7.1 later"
    fail(endpoint)
    deliver()
    Message.objects.update(state="given_up", next_try_at=None)
    smtp.answer = "250 taken"
    recover(endpoint)
    deliver()
    delivery.send_again(Message.objects.get(state="given_up"))
    deliver()
    assert subjects(smtp) == [UP]
    assert Message.objects.get(state="unwanted").error == order.SUPERSEDED


def test_a_webhook_that_was_away_gets_the_end_last(team, endpoint, monkeypatch, wait_for):
    team.mail_to = []
    team.save()
    AlertPolicy.objects.create(team=team, webhook_url="https://hooks.example.org/x", webhook_secret="s")
    posted: list[bytes] = []
    away = True

    def post(url: str, body: bytes, secret: str, message: int) -> None:
        if away:
            raise Unreached("It is away.")
        posted.append(body)

    monkeypatch.setattr(webhook, "_send", post)
    fail(endpoint)
    deliver()
    calling.deliver_calls()
    wait_for(lambda: Message.objects.filter(last_try="unreached").exists() and not calling._busy)
    recover(endpoint)
    deliver()
    away = False
    due_again()
    calling.deliver_calls()
    wait_for(lambda: not Message.objects.filter(state="waiting").exists() and not calling._busy)
    assert [json.loads(body)["subject"] for body in posted] == [DOWN, UP]


def test_what_quiet_hours_hold_never_comes_after_a_later_word(team, endpoint, smtp):
    now = datetime.now(UTC)
    quiet = {"quiet_from": (now - timedelta(hours=1)).time(), "quiet_to": (now + timedelta(hours=1)).time()}
    AlertPolicy.objects.create(team=team, digest_at=time(8), **quiet)
    fail(endpoint, Cause.AUTH_REJECTED)
    fail(endpoint)
    deliver()
    assert subjects(smtp) == [DOWN]
    recover(endpoint)
    deliver()
    Alert.objects.filter(message=None).update(hold_until=now)
    deliver()
    assert subjects(smtp) == [DOWN, UP]


@pytest.mark.parametrize("days", [0.1, 2, 29])
def test_a_recovery_in_a_silence_is_mailed_when_that_ends(team, alice, endpoint, smtp, time_machine, days):
    now = datetime.now(UTC)
    fail(endpoint)
    deliver()
    actions.silence(team, alice, ends_at=now + timedelta(days=days))
    recover(endpoint)
    sweep.sweep()
    deliver()
    assert subjects(smtp) == [DOWN]
    time_machine.move_to(now + timedelta(days=days, minutes=1))
    marks.refresh()
    sweep.sweep()
    deliver()
    assert subjects(smtp) == [DOWN, UP]


def test_no_end_is_mailed_before_a_good_probe(endpoint, smtp):
    fail(endpoint)
    deliver()
    Incident.objects.update(resolved_at=datetime.now(UTC))
    EndpointState.objects.update(status="unknown")
    sweep.sweep()
    deliver()
    assert subjects(smtp) == [DOWN]
    recover(endpoint)
    sweep.sweep()
    deliver()
    assert subjects(smtp) == [DOWN, UP]
