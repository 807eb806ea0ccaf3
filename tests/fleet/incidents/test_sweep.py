"""What the sweep makes right: reminders, escalation, and whatever was muted for a while."""

from datetime import UTC, datetime, time, timedelta

import pytest

from fleet.alerts import delivery, outbox
from fleet.incidents import sweep
from fleet.models import Alert, AlertPolicy, EndpointState, Incident, Message, Recipient
from tests.fleet.outages import bad, fail, good, probed, recover, settle, watched

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.database]

HOUR = timedelta(hours=1)


@pytest.fixture
def incident(team) -> Incident:
    return fail(watched(team, "gpu-1"))


def age(incident: Incident, by: timedelta) -> None:
    """As if it had opened and been shown so long ago."""
    then = datetime.now(UTC) - by
    Incident.objects.filter(pk=incident.pk).update(opened_at=then, announced_at=then)


def kinds() -> list[str]:
    return list(Alert.objects.order_by("pk").values_list("kind", flat=True))


def test_open_trouble_is_remembered_every_four_hours(incident, smtp):
    age(incident, 4 * HOUR)
    sweep.sweep()
    sweep.sweep()
    assert kinds() == ["down", "reminder"]
    age(incident, 4 * HOUR)
    sweep.sweep()
    assert kinds() == ["down", "reminder", "reminder"]
    settle()
    delivery.deliver()
    assert smtp.messages[0]["Subject"] == "STILL DOWN  gpu-1 (Search)"


def test_an_acknowledgement_ends_the_reminders_until_it_expires(incident):
    age(incident, 5 * HOUR)
    now = datetime.now(UTC)
    Incident.objects.update(acknowledged_at=now, acknowledged_by="alice", acknowledged_until=now + HOUR)
    sweep.sweep()
    assert kinds() == ["down"]
    Incident.objects.update(acknowledged_until=now - HOUR)
    sweep.sweep()
    assert kinds() == ["down", "reminder"]


def test_the_recovery_is_alerted_although_it_was_acknowledged(incident):
    Incident.objects.update(acknowledged_at=datetime.now(UTC), acknowledged_by="alice")
    recover(incident.endpoint)
    assert kinds() == ["down", "recovered"]


def test_a_second_address_hears_of_what_nobody_acknowledged_and_of_its_end(incident, smtp):
    AlertPolicy.objects.create(team=incident.endpoint.team, escalate_to=["boss@example.org"], escalate_after=30)
    age(incident, timedelta(minutes=31))
    sweep.sweep()
    sweep.sweep()
    recover(incident.endpoint)
    shown = list(Alert.objects.order_by("pk").values_list("kind", "recipient"))
    assert shown == [
        ("down", "oncall@example.org"),
        ("escalated", "boss@example.org"),
        ("recovered", "boss@example.org"),
        ("recovered", "oncall@example.org"),
    ] or shown[2:] == [("recovered", "oncall@example.org"), ("recovered", "boss@example.org")]


@pytest.mark.parametrize("mark", ["silenced", "maintenance", "blind"])
def test_what_was_muted_is_alerted_once_it_is_not(team, mark):
    endpoint = watched(team, "gpu-1")
    EndpointState.objects.update(marks={mark: "2099-01-01T00:00:00+00:00"})
    fail(endpoint)
    sweep.sweep()
    assert kinds() == []
    EndpointState.objects.update(marks={})
    sweep.sweep()
    assert kinds() == ["down"]


def test_an_outage_within_a_silence_leaves_no_trace_in_the_mail(team):
    endpoint = watched(team, "gpu-1")
    EndpointState.objects.update(marks={"silenced": "2099-01-01T00:00:00+00:00"})
    fail(endpoint)
    recover(endpoint)
    EndpointState.objects.update(marks={})
    sweep.sweep()
    assert kinds() == []


def test_quiet_hours_hold_what_is_not_down_for_the_morning(team, smtp):
    from fleet.engines.errors import Cause

    now = datetime.now(UTC)
    begins, ends = (now - HOUR).time(), (now + HOUR).time()
    AlertPolicy.objects.create(team=team, quiet_from=begins, quiet_to=ends)
    fail(watched(team, "gpu-1"), Cause.AUTH_REJECTED)
    fail(watched(team, "gpu-2"))
    settle()
    delivery.deliver()
    assert [mail["Subject"] for mail in smtp.messages] == ["DOWN  gpu-2 (Search)"]
    Alert.objects.filter(message=None).update(hold_until=now - timedelta(minutes=1))
    delivery.deliver()
    assert smtp.messages[1]["Subject"] == "DEGRADED  gpu-1 (Search)"


def test_who_left_the_list_is_not_notified(incident, team):
    Recipient.objects.create(team=team, address="oncall@example.org", unsubscribed_at=datetime.now(UTC))
    recover(incident.endpoint)
    assert not Alert.objects.filter(kind="recovered", dropped="").exists()


def test_quiet_hours_of_a_policy_need_both_ends(team):
    assert outbox.rules_of(AlertPolicy(team=team, quiet_from=time(22))).quiet is None


@pytest.fixture
def unsent(team, settings) -> list[Incident]:
    """Two outages from before a mail server was set, one of them over."""
    settings.EMAIL_CONFIGURED = False
    found = []
    for name in ("gpu-1", "gpu-2"):
        found.append(fail(watched(team, name)))
        settle()
        delivery.deliver()
    recover(found[1].endpoint)
    settle()
    delivery.deliver()
    assert set(Message.objects.values_list("state", flat=True)) == {"no_server"}
    return found


def caught_up() -> None:
    sweep.sweep()
    settle()
    delivery.deliver()


def test_what_is_still_down_when_a_mail_server_is_set_is_mailed_once(unsent, smtp):
    caught_up()
    caught_up()
    [mail] = smtp.messages
    assert mail["Subject"] == "DOWN  gpu-1 (Search)"
    recover(unsent[0].endpoint)
    settle()
    delivery.deliver()
    assert smtp.messages[1]["Subject"] == "UP  gpu-1 (Search)"


def test_nothing_is_taken_out_of_its_message_while_there_is_no_mail_server(unsent, settings):
    caught_up()
    assert not Alert.objects.filter(message=None).exists()


def test_an_unsent_alert_waits_for_the_end_of_a_silence_and_for_whoever_is_on_it(unsent, smtp):
    state = EndpointState.objects.filter(pk=unsent[0].endpoint_id)
    state.update(marks={"silenced": "until noon"})
    caught_up()
    assert smtp.messages == []
    state.update(marks={})
    Incident.objects.update(acknowledged_at=datetime.now(UTC))
    caught_up()
    assert smtp.messages == []
    Incident.objects.update(acknowledged_at=None)
    caught_up()
    assert [mail["Subject"] for mail in smtp.messages] == ["DOWN  gpu-1 (Search)"]


def test_the_timeline_counts_one_probe_as_one(team):
    gpu = watched(team, "gpu-1", fail_after=1, recover_after=1)
    probed(gpu, bad(), good())
    lines = list(Incident.objects.get().events.values_list("text", flat=True))
    assert lines[1].startswith("Down after 1 failed probe. ") and lines[2] == "Resolved: up after 1 good probe."
