"""The clock of the machine is set while mail waits: none waits for the clock to come round again."""

from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine

from core import fence
from core.models import PutOff
from fleet.alerts import claims, delivery, gathering
from fleet.alerts.claims import Try
from fleet.models import Alert, AlertPolicy, Message
from tests.fleet.alerts.outbox import note
from tests.fleet.outages import fail, watched

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.database]

NOW = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)
BACK = [timedelta(seconds=90), timedelta(hours=1), timedelta(hours=25), timedelta(days=400)]


@pytest.fixture(params=BACK, ids=str)
def ahead(request) -> datetime:
    """What the clock showed before it was set back to NOW."""
    return NOW + request.param


def test_an_outage_is_mailed_within_minutes(team, smtp, ahead):
    with time_machine.travel(ahead):
        fail(watched(team, "gpu-1"))
    sent = 0
    for seconds in (2, 30, 80, 120, 180):
        with time_machine.travel(NOW + timedelta(seconds=seconds), tick=False):
            sent += delivery.deliver()
    assert sent == 1 and len(smtp.messages) == 1


def test_what_a_server_refused_for_now_is_tried_again_within_minutes(team, smtp, ahead):
    with time_machine.travel(ahead, tick=False):
        message = note(team, "oncall@example.org")
        message.attempts = 1
        claims.put_off(message, "451 later", Try.REFUSED)
    with time_machine.travel(NOW + fence.AT_MOST, tick=False):
        assert delivery.deliver() == 1


def test_what_waits_is_not_tried_before_its_time_where_no_clock_was_set(team, smtp):
    with time_machine.travel(NOW, tick=False):
        note(team, "oncall@example.org", next_try_at=NOW + timedelta(minutes=15))
        assert delivery.deliver() == 0


def test_quiet_hours_of_another_day_hold_nothing(team, ahead):
    AlertPolicy.objects.create(team=team, quiet_from=time(0), quiet_to=time(23, 59))
    note(team, "oncall@example.org").alerts.update(
        message=None, created_at=ahead, hold_until=ahead + timedelta(hours=8)
    )
    Message.objects.all().delete()
    made = 0
    for later in (timedelta(0), gathering.HELD_AT_MOST):
        with time_machine.travel(NOW + later, tick=False):
            made += gathering.gather()
    assert made == 1


def test_what_the_limit_of_mails_holds_back_waits_no_longer(team, smtp, settings, ahead):
    settings.MAILS_PER_HOUR = 1
    note(team, "oncall@example.org", state="sent", sent_at=ahead, next_try_at=None)
    waiting = note(team, "oncall@example.org")
    Alert.objects.filter(message=waiting).update(message=None, created_at=ahead, over_limit=True)
    waiting.delete()
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        assert delivery.deliver() == 1


def test_an_item_of_a_sweep_that_was_put_off_is_tried_again_within_minutes(ahead):
    who = fence.Item("1", "gpu-1")

    def refuse(_: int) -> None:
        raise ValueError("odd")

    with time_machine.travel(ahead, tick=False):
        fence.each("sweep", [1], refuse, lambda _: who)
    with time_machine.travel(NOW + fence.AT_MOST, tick=False):
        assert fence.waiting("sweep") == set()
        assert fence.each("sweep", [1], lambda _: True, lambda _: who) == 1
    assert not PutOff.objects.exists()
