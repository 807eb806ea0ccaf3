"""The daily digest: what changed, once a day, and nothing when nothing did."""

from datetime import UTC, datetime, time, timedelta

import pytest

from fleet.alerts import delivery, digest
from fleet.models import AlertPolicy, Change, EndpointState
from tests.fleet.outages import watched

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.database]

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
    assert mail["Subject"] == "DIGEST  1 change since yesterday (search)"
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
