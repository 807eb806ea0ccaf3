"""One poisonous row in each sweep: it costs itself alone, is logged once, and is served once it is mended."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet

from advisor.decisions import reviews, watching
from advisor.models import Decision, DecisionEvidence
from core import fence
from core.models import PutOff
from fleet.alerts import digest, gathering, policy
from fleet.endpoints import pausing
from fleet.evidence.verdict import State
from fleet.history import rollups, upkeep
from fleet.incidents import sweep
from fleet.models import (
    Alert,
    Change,
    Endpoint,
    EndpointState,
    Incident,
    LoadVerdict,
    MaintenanceWindow,
    Observation,
    Rollup,
    Silence,
    Trace,
)
from fleet.muting import marks
from fleet.probing import claims
from fleet.self_check import blind_stretches
from fleet.verdict.monitor_blind import Suspicion
from teams import upkeep as teams_upkeep
from teams.accounts.sessions import SessionStore
from teams.models import Invitation, Team
from tests.advisor.decisions.decision_parts import record
from tests.advisor.decisions.evidence_parts import judge
from tests.fleet.outages import watched

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

NOW = datetime.now(UTC)
MINUTE = timedelta(minutes=1)
ODD = {"not": ["what", None]}


@dataclass
class Case:
    """A sweep, whether it served the endpoint or team of this name, and how the poison is mended."""

    run: Callable[[], object]
    served: Callable[[str], object]
    mend: Callable[[], object]


def incident(name: str) -> Incident:
    began = NOW - 10 * MINUTE
    values = {"status": "degraded", "cause": "slow", "began_at": began, "opened_at": began}
    return Incident.objects.create(endpoint=Endpoint.objects.get(name=name), **values)


def alert(team: Team) -> Alert:
    values = {"kind": "review", "key": team.name, "recipient": "oncall@example.org", "facts": {}}
    return Alert.objects.create(team=team, created_at=NOW, **values)


def breaks(monkeypatch, owner: object, name: str, is_poison: Callable[..., bool]) -> Callable[[], None]:
    """For what no row that can be stored makes raise: this one does, until it is mended."""
    before = getattr(owner, name)

    def broken(*args, **kwargs):
        if is_poison(*args):
            raise TypeError("poison")
        return before(*args, **kwargs)

    monkeypatch.setattr(owner, name, broken)
    return lambda: monkeypatch.setattr(owner, name, before)


def case_gathering(bad, good, monkeypatch):
    alert(bad), alert(good)
    mend = breaks(monkeypatch, gathering, "_message", lambda alerts, now: alerts[0].team == bad)
    return Case(gathering.gather, lambda name: Alert.objects.filter(team__name=name, message__isnull=False), mend)


def no_policy(monkeypatch, bad: Team) -> Callable[[], None]:
    return breaks(monkeypatch, policy, "policy_of", lambda team: team == bad)


def case_catch_up(bad, good, monkeypatch):
    incident("bad"), incident("good")
    EndpointState.objects.update(status="degraded")
    return Case(sweep.sweep, lambda name: Alert.objects.filter(team__name=name), no_policy(monkeypatch, bad))


def case_endings(bad, good, monkeypatch):
    incident("bad"), incident("good")
    return Case(
        sweep.sweep,
        lambda name: Incident.objects.filter(endpoint__name=name, resolved_at__isnull=False),
        breaks(monkeypatch, Incident, "note", lambda incident, at, text: incident.endpoint.name == "bad"),
    )


def case_digests(bad, good, monkeypatch):
    now = datetime.now(UTC).replace(hour=9)
    changes = [Change(endpoint=e, at=now - 120 * MINUTE, kind="version") for e in Endpoint.objects.all()]
    Change.objects.bulk_create(changes)
    mend = no_policy(monkeypatch, bad)
    return Case(lambda: digest.write_due(now), lambda name: Alert.objects.filter(team__name=name), mend)


def case_review_dates(bad, good, monkeypatch):
    for team in (bad, good):
        record(None, team, review_by=date(2026, 11, 3), decided_on=date(2026, 11, 2), status="accepted")
    mend = no_policy(monkeypatch, bad)
    return Case(lambda: reviews.remind(date(2027, 1, 1)), lambda name: Alert.objects.filter(team__name=name), mend)


def case_review_facts(bad, good, monkeypatch):
    fact = {"id": "ollama-three-systems", "text": "It was so.", "state": "same", "now": ""}
    moved = {"outcome": "ollama", "limits": [], "facts": [fact]}
    for team in (bad, good):
        record(None, team, status="accepted")
    rows = QuerySet(Decision)  # not the one that keeps what was decided as it is
    rows.update(recommendation=moved, due_on=None)
    rows.filter(team=bad).update(recommendation=moved | {"facts": [None, ODD]})
    return Case(
        reviews.remind,
        lambda name: Alert.objects.filter(team__name=name),
        lambda: rows.update(recommendation=moved),
    )


def case_decision_evidence(bad, good, monkeypatch):
    for team in (bad, good):
        endpoint = team.endpoints.get()
        record(None, team, endpoints=[endpoint], status="accepted")
        judge(endpoint, State.FINE, NOW)
    rows = LoadVerdict.objects.filter(endpoint__team=bad)
    as_it_was = rows.get().verdicts
    rows.update(verdicts=[None, ODD])
    return Case(
        lambda: watching.watch(NOW),
        lambda name: DecisionEvidence.objects.filter(decision__team__name=name),
        lambda: rows.update(verdicts=as_it_was),
    )


def marked(name: str) -> object:
    return EndpointState.objects.get(endpoint__name=name).marks


def case_windows(bad, good, monkeypatch):
    times = {"starts_at": NOW - MINUTE, "minutes": 60, "repeats": "daily"}
    MaintenanceWindow.objects.create(team=bad, name="Updates", **times | {"repeats": "hourly"})
    MaintenanceWindow.objects.create(team=good, name="Updates", **times)
    return Case(marks.refresh, marked, lambda: MaintenanceWindow.objects.update(repeats="daily"))


def case_silences(bad, good, monkeypatch):
    for team in (bad, good):
        Silence.objects.create(team=team, starts_at=NOW - MINUTE, ends_at=NOW + 60 * MINUTE)
    return Case(marks.refresh, marked, breaks(monkeypatch, marks, "_covers", lambda rule: rule.team == bad))


def case_marks(bad, good, monkeypatch):
    for team in (bad, good):
        Silence.objects.create(team=team, starts_at=NOW - MINUTE, ends_at=NOW + 60 * MINUTE)
    EndpointState.objects.filter(endpoint__name="bad").update(turns=ODD)
    return Case(marks.refresh, marked, lambda: EndpointState.objects.update(turns=[]))


def observed(minutes: int = 10) -> None:
    Observation.objects.all().delete()
    moments = [NOW - timedelta(hours=2) + n * MINUTE for n in range(minutes)]
    rows = [
        Observation(endpoint=e, at=at, status="up", latency_ms=10) for e in Endpoint.objects.all() for at in moments
    ]
    Observation.objects.bulk_create(rows)


def case_roll_up_minute(bad, good, monkeypatch):
    if connection.vendor != "sqlite":
        pytest.skip("Only SQLite stores text in a column of numbers.")
    observed()
    mine = Endpoint.objects.get(name="bad").pk
    with connection.cursor() as cursor:
        cursor.execute("UPDATE fleet_observation SET latency_ms = 'odd' WHERE endpoint_id = %s", [mine])
    return Case(
        rollups.roll_up,
        lambda name: Rollup.objects.filter(endpoint__name=name, span="minute"),
        lambda: Observation.objects.update(latency_ms=10),
    )


def case_roll_up_hour(bad, good, monkeypatch):
    observed()
    breaks(monkeypatch, rollups, "_late", lambda *_: False)
    monkeypatch.setattr(rollups, "WIDTH", {"minute": 60})
    rollups.roll_up()
    monkeypatch.undo()
    Rollup.objects.filter(endpoint__name="bad").update(counts=[ODD])
    return Case(
        rollups.roll_up,
        lambda name: Rollup.objects.filter(endpoint__name=name, span="hour"),
        lambda: Rollup.objects.update(counts={"up": 2}),
    )


def case_pruning(bad, good, monkeypatch):
    observed(minutes=upkeep.KEEP_TRACES + 10)
    Trace.objects.bulk_create(Trace(observation=row) for row in Observation.objects.all())
    mine = Endpoint.objects.get(name="bad").pk
    return Case(
        upkeep.prune,
        lambda name: Trace.objects.filter(observation__endpoint__name=name).count() == upkeep.KEEP_TRACES,
        breaks(monkeypatch, upkeep, "_prune_traces", lambda pk: pk == mine),
    )


def case_claims(bad, good, monkeypatch):
    due = int(NOW.timestamp())
    EndpointState.objects.update(due_at=due)
    Endpoint.objects.filter(name="bad").update(interval=0)
    return Case(
        lambda: claims.claim(datetime.now(UTC).timestamp() + 1),
        lambda name: EndpointState.objects.filter(endpoint__name=name, due_at__gt=due),
        lambda: Endpoint.objects.update(interval=30),
    )


def case_pauses(bad, good, monkeypatch):
    Endpoint.objects.update(paused=True, paused_until=NOW - MINUTE)
    Endpoint.objects.filter(name="bad").update(before_pause=["odd"])
    return Case(
        pausing.resume_due,
        lambda name: Endpoint.objects.filter(name=name, paused=False),
        lambda: Endpoint.objects.update(before_pause={}),
    )


def case_blind_stretches(bad, good, monkeypatch):
    since = NOW - MINUTE
    EndpointState.objects.update(failures=3, failing_since=since, status="down", cause="no_route")
    EndpointState.objects.filter(endpoint__name="bad").update(turns=["odd"])
    Observation.objects.update(at=since, status="down", cause="no_route")
    suspicion = Suspicion(since.timestamp(), ("bad", "good"))
    return Case(
        lambda: blind_stretches.begin(suspicion, "No network."),
        lambda name: EndpointState.objects.filter(endpoint__name=name, status="unknown"),
        lambda: EndpointState.objects.update(turns=[]),
    )


CASES = {
    "gathering": case_gathering,
    "catch-up": case_catch_up,
    "endings": case_endings,
    "digests": case_digests,
    "review dates": case_review_dates,
    "review facts": case_review_facts,
    "decision evidence": case_decision_evidence,
    "windows": case_windows,
    "silences": case_silences,
    "marks": case_marks,
    "pauses": case_pauses,
    "roll-up minute": case_roll_up_minute,
    "roll-up hour": case_roll_up_hour,
    "pruning": case_pruning,
    "claims": case_claims,
    "blind stretches": case_blind_stretches,
}


@pytest.mark.parametrize("sweep", CASES)
def test_a_poisonous_row_of_one_team_costs_itself_alone(sweep, monkeypatch, caplog):
    bad = Team.objects.create(name="bad", slug="bad", mail_to=["oncall@example.org"])
    good = Team.objects.create(name="good", slug="good", mail_to=["oncall@example.org"])
    for team in (bad, good):
        watched(team, team.name)
    case = CASES[sweep](bad, good, monkeypatch)
    rows = PutOff.objects.filter(sweep=sweep)

    case.run()
    assert case.served("good") and not case.served("bad")
    row = rows.get()
    assert (row.team, row.attempts) == (bad, 1)
    case.run()
    assert rows.get().attempts == 1, "it waits for its next try"
    fence.try_again(row)
    case.run()
    assert rows.get().attempts == 2
    texts = [record.getMessage() for record in caplog.records if record.exc_info]
    assert sum(text.startswith(f"{sweep}: ") for text in texts) == 1, "logged once"
    caplog.clear()  # its tracebacks hold on to cursors

    case.mend()
    fence.try_again(row)
    case.run()
    assert case.served("bad") and not rows.exists()


def test_one_step_of_clearing_up_that_raises_does_not_stop_the_others(monkeypatch, team, alice):
    mend = breaks(monkeypatch, SessionStore, "clear_expired", lambda: True)
    values = {"token_hash": "x", "role": "viewer", "email": "x@example.org", "invited_by": alice}
    Invitation.objects.create(team=team, expires_at=NOW - timedelta(days=90), **values)
    teams_upkeep.clear_up()
    assert not Invitation.objects.exists() and PutOff.objects.get().name == "sessions"
    mend()
    fence.try_again(PutOff.objects.get())
    teams_upkeep.clear_up()
    assert not PutOff.objects.exists()
