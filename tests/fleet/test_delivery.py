"""Mails against a real SMTP server: at least once, one thread per incident, and the truth about refusals."""

from datetime import UTC, datetime, timedelta

import pytest

from fleet import alerts, delivery, endpoints
from fleet.engines.errors import Cause
from fleet.engines.reading import Facts, Failure, Identity, Model, Reading
from fleet.models import Alert
from fleet.probing import record, state_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

AT = 1_800_000_000.0
GOOD = Reading(AT, Identity("vllm", "GET /version"), Facts(version="0.33.0", models=(Model("qwen3:8b"),)))
HUNG = Reading(AT + 60, failure=Failure(Cause.TIMED_OUT, "health", "no answer within 5 s"))


@pytest.fixture
def down(team, smtp) -> Alert:
    """The alert of an endpoint of the team that was up and went down."""
    endpoint = endpoints.add(team, name="gpu-1", url="http://10.0.0.5:8000")
    for reading in (GOOD, HUNG, HUNG, HUNG):
        record(state_of(endpoint.pk), reading, 0.0)
    return Alert.objects.get()


def again() -> None:
    """Makes every waiting alert due now."""
    Alert.objects.filter(state="waiting").update(next_try_at=datetime.now(UTC) - timedelta(seconds=1))


def test_an_outage_reaches_people_with_cause_time_and_what_to_try(down, smtp, settings):
    settings.SITE_URL = "https://plimsoll.example.org"
    assert delivery.deliver() == 1
    [mail] = smtp.messages
    assert mail["Subject"] == "DOWN  gpu-1 (search)"
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
        "restart it if it stays",
        f"https://plimsoll.example.org/incidents/{down.incident_id}/",
    ):
        assert said in text and said in html, said
    down.refresh_from_db()
    assert (down.state, down.next_try_at, down.attempts) == ("sent", None, 1)


def test_recovery_says_how_long_it_lasted_and_joins_the_thread(down, smtp):
    delivery.deliver()
    endpoint = down.incident.endpoint
    record(state_of(endpoint.pk), GOOD, 0.0)
    record(state_of(endpoint.pk), GOOD, 0.0)
    delivery.deliver()
    first, second = smtp.messages
    assert second["Subject"] == "UP  gpu-1 (search)"
    assert second["References"] == first["References"]
    assert second["Message-ID"] != first["Message-ID"]
    assert "Lasted" in second.get_body(("plain",)).get_content()


def test_a_sent_alert_is_not_sent_again(down, smtp):
    delivery.deliver()
    delivery.deliver()
    assert len(smtp.messages) == 1


def test_a_busy_server_is_tried_again_later(down, smtp):
    smtp.answer = "451 4.7.1 try again later"
    assert delivery.deliver() == 0
    down.refresh_from_db()
    assert (down.state, down.attempts) == ("waiting", 1)
    assert "451" in down.error and "try again later" in down.error
    assert down.next_try_at > datetime.now(UTC) + timedelta(seconds=4)
    smtp.answer = "250 taken"
    again()
    assert delivery.deliver() == 1
    down.refresh_from_db()
    assert (down.state, down.error) == ("sent", "")


def test_a_server_that_is_away_loses_nothing(down, smtp, settings):
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    assert delivery.deliver() == 0
    down.refresh_from_db()
    assert "could not be reached" in down.error
    settings.EMAIL_PORT = port
    again()
    assert delivery.deliver() == 1


def test_a_worker_that_died_while_sending_leaves_the_mail_to_the_next(down, smtp, monkeypatch):
    def killed(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(delivery, "message", killed)
    with pytest.raises(KeyboardInterrupt):
        delivery.deliver()
    monkeypatch.undo()
    assert delivery.deliver() == 0, "the lease of the dead worker is still running"
    again()
    assert delivery.deliver() == 1


def test_one_refused_address_does_not_hold_up_the_others(down, smtp, team):
    Alert.objects.create(
        incident=down.incident,
        kind="down",
        recipient="nobody@example.org",
        facts=down.facts,
        created_at=down.created_at - timedelta(seconds=1),
        next_try_at=datetime.now(UTC),
    )
    smtp.refuse = {"nobody@example.org"}
    assert delivery.deliver() == 1
    refused = Alert.objects.get(recipient="nobody@example.org")
    assert refused.state == "waiting" and "refused the address" in refused.error


def test_after_a_day_it_is_given_up_visibly(down, smtp):
    Alert.objects.update(created_at=datetime.now(UTC) - timedelta(hours=25))
    smtp.answer = "451 no"
    delivery.deliver()
    down.refresh_from_db()
    assert (down.state, down.next_try_at) == ("given_up", None)


def test_waits_grow_to_a_quarter_of_an_hour():
    waits = [delivery.retry_after(n, 0.0).total_seconds() for n in range(1, 12)]
    assert waits[:3] == [5, 10, 20] and waits[-1] == 900
    assert delivery.retry_after(1, 1.0).total_seconds() == 6.25


def test_line_breaks_in_a_name_do_not_reach_the_header(down):
    down.facts["name"] = "gpu\r\nBcc: x@example.org"
    assert alerts.subject(down) == "DOWN  gpu Bcc: x@example.org (search)"


def test_a_name_with_markup_is_only_text_in_the_mail(down):
    down.facts["name"] = "<script>x</script>"
    assert "<script>" not in alerts.render_html(down)
    assert "<script>x</script>" in alerts.render_text(down)
