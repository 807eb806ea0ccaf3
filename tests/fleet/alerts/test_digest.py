"""The daily digest: what changed, once a day, and nothing when nothing did."""

from datetime import UTC, datetime, time, timedelta

import pytest

from core import time_zones
from fleet.alerts import delivery, digest
from fleet.models import Alert, AlertPolicy, Change, EndpointState
from tests.fleet.outages import watched

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.postgres]

MORNING = datetime(2027, 1, 15, 7, 5, tzinfo=UTC)


@pytest.fixture
def changed(team):
    AlertPolicy.objects.create(team=team, digest_at=time(8), time_zone="Europe/Berlin")
    endpoint = watched(team, "gpu-1")
    at = MORNING - timedelta(hours=3)
    Change.objects.create(endpoint=endpoint, at=at, kind="version", before="0.32.0", after="0.33.0")
    Change.objects.create(endpoint=endpoint, at=at, kind="model_added", subject="qwen3:8b")
    return endpoint


def test_versions_and_certificates_come_in_one_mail_in_the_morning(changed, smtp):
    EndpointState.objects.update(certificate_until=MORNING + timedelta(days=5))
    assert digest.write_due(MORNING) == 1
    delivery.deliver()
    [mail] = smtp.messages
    assert mail["Subject"] == "DIGEST  1 change since yesterday (Search)"
    text = mail.get_body(("plain",)).get_content()
    assert "gpu-1: version 0.32.0 became 0.33.0" in text and "gpu-1: until 20 Jan 2027" in text
    assert "qwen3" not in text


def test_it_comes_once_a_day_and_after_its_hour(changed):
    assert digest.write_due(MORNING - timedelta(minutes=6)) == 0
    assert digest.write_due(MORNING) == 1
    assert digest.write_due(MORNING + timedelta(minutes=10)) == 0
    assert digest.write_due(MORNING + timedelta(days=1)) == 0, "nothing changed since"


def test_a_digest_missed_by_half_a_day_is_left_out(changed):
    assert digest.write_due(MORNING + timedelta(hours=7)) == 0


def test_a_team_that_set_nothing_gets_it_at_eight_in_utc(team):
    endpoint = watched(team, "gpu-1")
    eight = MORNING.replace(hour=8, minute=0)
    Change.objects.create(endpoint=endpoint, at=eight - timedelta(hours=3), kind="version", before="1", after="2")
    assert digest.write_due(eight - timedelta(minutes=1)) == 0
    assert digest.write_due(eight + timedelta(minutes=1)) == 1


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/St_Johns", "Mars/Base"])
@pytest.mark.parametrize("off", [timedelta(minutes=20), timedelta(hours=2), timedelta(hours=7), timedelta(days=3)])
def test_after_a_stop_every_change_comes_in_one_digest_and_only_there(team, zone, off):
    AlertPolicy.objects.create(team=team, digest_at=time(22), time_zone=zone)
    endpoint = watched(team, "gpu-1")
    start = datetime.combine(MORNING.date(), time(22), time_zones.named(zone)).astimezone(UTC)

    def change(at: datetime, after: str) -> None:
        Change.objects.create(endpoint=endpoint, at=at, kind="version", before="0", after=after)

    change(start - timedelta(hours=5), "first")
    assert digest.write_due(start + timedelta(minutes=1)) == 1
    down = start + timedelta(days=1, minutes=-10)
    change(down - timedelta(hours=3), "second")
    written, now = 0, down + off
    while now < down + off + timedelta(days=2):
        written += digest.write_due(now)
        now += timedelta(hours=1)
    texts = [alert.facts["text"] for alert in Alert.objects.filter(kind="digest").order_by("pk")]
    assert written == 1 and len(texts) == 2
    assert "first" in texts[0] and "second" in texts[1] and "first" not in texts[1]


@pytest.mark.parametrize(("month", "day"), [(3, 29), (10, 25), (12, 31), (2, 28)])
def test_each_day_has_one_digest_whatever_the_clock_does(team, month, day):
    AlertPolicy.objects.create(team=team, digest_at=time(2, 30), time_zone="Europe/Berlin")
    endpoint = watched(team, "gpu-1")
    start = datetime(2028 if month == 2 else 2026, month, day, tzinfo=UTC) - timedelta(hours=12)
    for hour in range(72):
        at = start + timedelta(hours=hour)
        Change.objects.create(endpoint=endpoint, at=at, kind="version", before="0", after=f"v{hour}.")
    written = sum(digest.write_due(start + timedelta(minutes=30 * n, seconds=1)) for n in range(1, 144))
    texts = "".join(Alert.objects.filter(kind="digest").order_by("pk").values_list("facts__text", flat=True))
    assert written == 3 and all(texts.count(f"became v{hour}.") == 1 for hour in range(60))
