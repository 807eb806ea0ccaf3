"""A webhook that asks for a pause gets one."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from fleet.alerts import calling
from fleet.alerts.channels import webhook
from fleet.models import AlertPolicy, Message
from tests import hostile_server as hostile
from tests.fleet.alerts.outbox import due_again, note
from tests.hostile_server import HostileServer

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def at(**later: int) -> str:
    return format_datetime(NOW + timedelta(**later), usegmt=True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120), (" 120 ", 120), ("1", 1), ("900", 900), ("901", 900), ("86400", 900), ("9" * 400, 900),
        (at(minutes=2), 120), (at(hours=3), 900), ("Friday, 20-Nov-26 12:02:00 GMT", 120),
        ("Fri Nov 20 12:02:00 2026", 120), ("Fri, 20 Nov 2026 13:02:00 +0100", 120),
        ("Fri, 20 Nov 9999 12:02:00 GMT", 900), ("0", 0), ("", 0), ("-5", 0), (at(minutes=-2), 0), ("1.5", 0),
        ("soon", 0), ("120, 60", 0), ("9" * 5000, 0), ("\u0661\u0662", 0), ("NaN", 0), ("inf", 0),
    ],
)  # fmt: skip
def test_seconds_and_dates_are_read_and_what_makes_no_sense_is_none(header, seconds, time_machine):
    time_machine.move_to(NOW, tick=False)
    assert webhook.pause(header) == timedelta(seconds=seconds)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
@pytest.mark.parametrize("status", [429, 503, 500, 403])
def test_nothing_is_sent_before_and_all_follows_after(status, team, wait_for):
    with HostileServer() as server:
        server.on("/hook", hostile.answer(status, **{"Retry-After": "300"}))
        AlertPolicy.objects.create(team=team, webhook_url=f"{server.url}/hook", webhook_secret="s3cret")
        first = note(team, "webhook", "webhook")
        note(team, "webhook", "webhook")

        def sweep() -> None:
            calling.deliver_calls()
            wait_for(lambda: not calling._busy, 10, "a lane is still at work")

        sweep()
        first.refresh_from_db()
        assert first.next_try_at - datetime.now(UTC) > timedelta(seconds=240)
        assert f"answered {status}" in first.error
        sweep()
        assert len(server.requests) == 1
        server.on("/hook", hostile.answer(204))
        due_again()
        sweep()
        assert list(Message.objects.values_list("state", flat=True)) == ["sent", "sent"]
        assert len(server.requests) == 3
