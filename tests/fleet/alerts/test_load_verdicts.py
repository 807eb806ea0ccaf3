"""Load verdicts are no outage: they stand in the daily digest, or come as a note at once by the team's wish."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from fleet.alerts import delivery, digest
from fleet.models import Alert, LoadVerdict, TeamLoad
from tests.fleet.evidence.weeks import queue
from tests.fleet.load.weeks import before, judged, kept
from tests.fleet.outages import settle, watched

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.postgres]

MORNING = datetime(2027, 1, 15, 8, 5, tzinfo=UTC)
NIGHT = MORNING - timedelta(hours=6)


@pytest.fixture
def gpu(team):
    return watched(team, "gpu-1")


def verdicts(endpoint, *states: str, limit: str = "") -> None:
    """One after the other, the last one at night."""
    for n, state in enumerate(reversed(states)):
        since = NIGHT - timedelta(days=n)
        until = since + timedelta(days=1) if n else None
        LoadVerdict.objects.create(
            endpoint=endpoint, state=state, since=since, until=until, judged_at=since, confidence="high",
            limit="" if n else limit,
        )  # fmt: skip


def text() -> str:
    return Alert.objects.get(kind="digest").facts["text"]


def test_a_verdict_that_became_firm_stands_in_the_digest_with_what_it_was(gpu):
    verdicts(gpu, "fine", "saturated", limit="KV cache")
    assert digest.write_due(MORNING) == 1
    assert "- gpu-1: fine became saturated (KV cache), confidence high (15 Jan 02:05 UTC)." in text()
    assert Alert.objects.get().facts["subject"] == "1 change since yesterday"
    assert digest.write_due(MORNING + timedelta(days=1)) == 0, "once"


def test_the_end_of_a_firm_verdict_stands_there_too(gpu):
    verdicts(gpu, "outgrown", "fine")
    assert digest.write_due(MORNING) == 1 and "outgrown became fine" in text()


@pytest.mark.parametrize("states", [("fine",), ("saturated",), ("fine", "room to spare"), ("saturated", "saturated")])
def test_what_asks_for_nothing_or_is_no_change_is_left_out(gpu, states):
    verdicts(gpu, *states)
    assert digest.write_due(MORNING) == 0


def test_a_firm_verdict_is_sent_at_once_by_the_teams_wish_and_once(gpu, team, smtp):
    TeamLoad.objects.create(team=team, at_once=True)
    now = int(time.time())
    kept(gpu, before(now, queue(running=16, waiting=9)))
    judged(now, gpu)
    judged(now + 3600, gpu)
    note = Alert.objects.get()
    assert note.facts["subject"] == "gpu-1: saturated (sequence cap)" and note.incident_id is None
    assert "--max-num-seqs" in note.facts["text"]
    settle()
    delivery.deliver()
    [mail] = smtp.messages
    assert f"/endpoints/{gpu.pk}/load/" in mail.get_body(("plain",)).get_content()


def test_what_was_sent_at_once_is_not_in_the_digest_again_and_its_end_is(gpu, team):
    TeamLoad.objects.create(team=team, at_once=True)
    verdicts(gpu, "fine", "saturated", "fine")
    digest.write_due(MORNING)
    assert "saturated became fine" in text() and "became saturated" not in text()


def test_without_the_wish_nothing_is_sent_at_once(gpu, team):
    now = int(time.time())
    kept(gpu, before(now, queue(running=16, waiting=9)))
    judged(now, gpu)
    assert not Alert.objects.exists()
