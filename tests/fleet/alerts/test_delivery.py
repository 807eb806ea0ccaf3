"""Mails against a real SMTP server: at least once, one thread per incident, and the truth about refusals."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from fleet import endpoints
from fleet.alerts import claims, delivery
from fleet.engines.errors import Cause
from fleet.engines.reading import Facts, Failure, Identity, Model, Reading
from fleet.models import Alert, Message, Recipient
from tests.fleet.recording import record, state_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.postgres]

AT = 1_800_000_000.0
GOOD = Reading(AT, Identity("vllm", "GET /version"), Facts(version="0.33.0", models=(Model("qwen3:8b"),)))
HUNG = Reading(AT + 60, failure=Failure(Cause.TIMED_OUT, "health", "no answer within 5 s"))


@pytest.fixture
def down(team, smtp) -> Alert:
    """The alert of an endpoint of the team that was up and went down."""
    endpoint = endpoints.add(team, name="gpu-1", url="http://10.0.0.5:8000")
    for reading in (GOOD, HUNG, HUNG, HUNG):
        record(state_of(endpoint.pk), reading, 0.0)
    Alert.objects.update(created_at=datetime.now(UTC) - timedelta(seconds=3))  # its group is complete
    return Alert.objects.get()


def again() -> None:
    """Makes every waiting message due now."""
    Message.objects.filter(state="waiting").update(next_try_at=datetime.now(UTC) - timedelta(seconds=1))


def recover(down: Alert) -> None:
    for _ in range(2):
        record(state_of(down.incident.endpoint_id), GOOD, 0.0)
    Alert.objects.filter(message=None).update(created_at=datetime.now(UTC) - timedelta(seconds=3))


def test_an_outage_reaches_people_with_cause_time_and_what_to_try(down, smtp, settings):
    settings.SITE_URL = "https://plimsoll.example.org"
    assert delivery.deliver() == 1
    [mail] = smtp.messages
    assert mail["Subject"] == "DOWN  gpu-1 (Search)"
    assert mail["To"] == "oncall@example.org"
    text = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    for said in (
        "http://10.0.0.5:8000",
        "did not answer in time",
        "health",
        "no answer within 5 s",
        "15 Jan 2027 08:01:00",
        "vLLM 0.33.0",
        "qwen3:8b",
        "restart it if this continues",
        f"https://plimsoll.example.org/incidents/{down.incident_id}/",
        "https://plimsoll.example.org/alerts/acknowledge/",
        "https://plimsoll.example.org/alerts/unsubscribe/",
    ):
        assert said in text and said in html, said
    message = Message.objects.get()
    assert (message.state, message.next_try_at, message.attempts) == ("sent", None, 1)


def test_a_mail_can_be_left_with_one_click(down, smtp, settings):
    settings.SITE_URL = "https://plimsoll.example.org"
    delivery.deliver()
    [mail] = smtp.messages
    assert mail["List-Unsubscribe"].strip().startswith("<https://plimsoll.example.org/alerts/unsubscribe/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_recovery_says_how_long_it_lasted_and_joins_the_thread(down, smtp):
    delivery.deliver()
    recover(down)
    delivery.deliver()
    first, second = smtp.messages
    assert second["Subject"] == "UP  gpu-1 (Search)"
    assert second["References"] == second["In-Reply-To"] == first["Message-ID"]
    assert second["Message-ID"] != first["Message-ID"]
    assert "Lasted" in second.get_body(("plain",)).get_content()


def test_trouble_that_is_over_before_its_mail_went_out_is_one_mail(down, smtp):
    recover(down)
    delivery.deliver()
    [mail] = smtp.messages
    assert mail["Subject"] == "UP  gpu-1 (Search)"
    assert Alert.objects.filter(message__state="sent").count() == 2


def test_a_sent_message_is_not_sent_again(down, smtp):
    delivery.deliver()
    delivery.deliver()
    assert len(smtp.messages) == 1


def test_a_retry_has_the_same_message_id(down, smtp):
    delivery.deliver()
    Message.objects.update(state="waiting", next_try_at=datetime.now(UTC) - timedelta(seconds=1))
    delivery.deliver()
    first, second = smtp.messages
    assert first["Message-ID"] == second["Message-ID"]


def test_a_busy_server_is_tried_again_later(down, smtp):
    smtp.answer = "451 4.7.1 try again later"
    assert delivery.deliver() == 0
    message = Message.objects.get()
    assert (message.state, message.attempts) == ("waiting", 1)
    assert message.next_try_at > datetime.now(UTC) + timedelta(seconds=4)
    assert message.error == "The mail server answered: 451 4.7.1 try again later"
    smtp.answer = "250 taken"
    again()
    assert delivery.deliver() == 1
    assert len(smtp.messages) == 1


def test_a_server_that_is_away_loses_nothing(down, smtp, settings):
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    assert delivery.deliver() == 0
    message = Message.objects.get()
    assert "could not be reached" in message.error and "refused" in message.error
    settings.EMAIL_PORT = port
    again()
    assert delivery.deliver() == 1


def test_an_address_that_does_not_exist_is_marked_and_not_tried_for_a_day(down, smtp):
    smtp.refuse = {"oncall@example.org"}
    delivery.deliver()
    message = Message.objects.get()
    assert (message.state, message.next_try_at) == ("given_up", None)
    mark = Recipient.objects.get()
    assert mark.bounced_at and "550 5.1.1 no such address here" in mark.bounce
    smtp.refuse = set()
    delivery.send_again(message)
    assert delivery.deliver() == 1
    mark = Recipient.objects.filter(bounced_at__isnull=False)
    assert not mark.exists()


def test_after_a_day_it_is_given_up_and_that_is_no_trouble_of_the_installation(down, smtp, valkey):
    smtp.answer = "451 later"
    delivery.deliver()
    Message.objects.update(created_at=datetime.now(UTC) - timedelta(days=1, seconds=1))
    again()
    delivery.deliver()
    assert Message.objects.get().state == "given_up"
    delivery.deliver()
    assert valkey.get("plimsoll:mail") == b""


def test_sending_again_is_for_what_was_given_up(down, smtp):
    delivery.deliver()
    delivery.send_again(Message.objects.get())
    assert delivery.deliver() == 0
    assert len(smtp.messages) == 1


def test_mail_that_waits_long_is_reported(down, smtp, valkey):
    smtp.answer = "451 4.3.2 full"
    delivery.deliver()
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=6)):
        assert delivery.trouble() == "Mail has been waiting for 6 min. The mail server answered: 451 4.3.2 full"


def test_a_claimed_message_comes_again_when_its_worker_died(down, smtp):
    delivery.gathering.gather()
    message = Message.objects.get()
    claimed = Message.objects.filter(pk=message.pk, next_try_at=message.next_try_at)
    claimed.update(next_try_at=datetime.now(UTC) + claims.LEASE, attempts=1)  # and then it was killed
    assert delivery.deliver() == 0
    with time_machine.travel(datetime.now(UTC) + claims.LEASE + timedelta(seconds=1)):
        assert delivery.deliver() == 1


def test_only_one_thread_delivers(down, smtp):
    with delivery._mailing:
        assert delivery.deliver() == 0
    assert delivery.deliver() == 1


def test_without_a_mail_server_it_is_marked_as_not_sent(team):
    endpoint = endpoints.add(team, name="gpu-1", url="http://10.0.0.5:8000")
    for _ in range(3):
        record(state_of(endpoint.pk), HUNG, 0.0)
    Alert.objects.update(created_at=datetime.now(UTC) - timedelta(seconds=3))
    assert delivery.deliver() == 0
    assert Message.objects.get().state == "no_server"


def test_a_broker_that_is_away_does_not_stop_the_mail(down, smtp, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert delivery.deliver() == 1


def test_a_sweep_with_nothing_to_send_asks_one_question(db, valkey, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert delivery.deliver() == 0
