"""Weeks of load in a fast clock: hours become verdicts, verdicts become evidence, changes become mails."""

from datetime import UTC, datetime

import pytest

from advisor.decisions import watching
from advisor.models import DecisionEvidence
from fleet.evidence.collect import Hour
from fleet.load import hours, judging
from fleet.models import Alert, Endpoint, EndpointLoad
from tests.fleet.evidence.weeks import MONDAY, WEEK, canaries, queue, week

from .decision_parts import record
from .evidence_parts import box, on_ollama

pytestmark = pytest.mark.django_db

QUIET, WAITING, TOO_MUCH = canaries(0), canaries(4), canaries(4, slowed=6)
IDLE, AT_WORK = queue(1, busy=False), queue(4)


def replay(endpoint: Endpoint, weeks: list) -> list[tuple[str, str]]:
    """State of the evidence and of the load after each week, judged when it ends."""
    seen = []
    for number, hour in enumerate(weeks):
        began = MONDAY + number * WEEK
        rows = week(hour, "llama3:8b" if endpoint.state.engine == "ollama" else "", began)
        hours.store(hours.packed(endpoint.pk, Hour(row.start, row.model, row.counts, row.edges)) for row in rows)
        judging.judge_these([endpoint], began + WEEK)
        watching.watch(datetime.fromtimestamp(began + WEEK, UTC))
        load = endpoint.load_verdicts.get(until=None)
        seen.append((DecisionEvidence.objects.get(until=None).state, load.state))
    return seen


def served_by(endpoint: Endpoint) -> Endpoint:
    return Endpoint.objects.select_related("team", "state").get(pk=endpoint.pk)


def test_a_decision_for_ollama_goes_from_holds_to_contradicted_and_back_when_the_load_is_gone(alice, team):
    endpoint = served_by(box(team))
    EndpointLoad.objects.create(endpoint=endpoint, slots=2, measures_waits=True)
    on_ollama(alice, team, endpoint)
    assert replay(endpoint, [QUIET, WAITING, TOO_MUCH, TOO_MUCH, QUIET]) == [
        ("holds", "fine"),
        ("strained", "tune first"),
        ("strained", "outgrown"),
        ("contradicted", "outgrown"),
        ("holds", "fine"),
    ]
    assert Alert.objects.count() == 3
    contradicted = DecisionEvidence.objects.get(state="contradicted")
    assert "Outgrown (confirmed), limit: slots" in contradicted.sentence.replace(": o", ": O")
    assert "33 %, threshold 20 %" in contradicted.findings[0]["words"]


def test_a_decision_for_vllm_is_contradicted_by_two_idle_weeks(alice, team):
    endpoint = served_by(box(team, engine="vllm"))
    record(alice, team, endpoints=[endpoint], status="accepted")
    assert replay(endpoint, [AT_WORK, IDLE, IDLE, AT_WORK]) == [
        ("holds", "fine"),
        ("strained", "overkill"),
        ("contradicted", "overkill"),
        ("holds", "fine"),
    ]


def test_too_few_days_are_not_enough_evidence_and_it_says_when_there_will_be(alice, team):
    endpoint = served_by(box(team))
    EndpointLoad.objects.create(endpoint=endpoint, measures_waits=True)
    on_ollama(alice, team, endpoint)
    few = [row for row in week(QUIET, "llama3:8b") if row.start < MONDAY + 2 * 86_400]
    hours.store(hours.packed(endpoint.pk, Hour(row.start, row.model, row.counts, row.edges)) for row in few)
    judging.judge_these([endpoint], MONDAY + 2 * 86_400)
    watching.watch(datetime.fromtimestamp(MONDAY + 2 * 86_400, UTC))
    row = DecisionEvidence.objects.get()
    assert row.state == "not enough evidence" and not Alert.objects.exists()
    assert any("there will be enough on" in sentence for sentence in row.findings[0]["missing"])
