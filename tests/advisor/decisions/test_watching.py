"""Accepted decisions are judged each hour; a change is kept for good, written on the decision and mailed once."""

import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from advisor.decisions import actions, as_markdown, watching
from advisor.models import DecisionEvent, DecisionEvidence
from config.celery import app
from core import redis_keys
from core.models import PutOff
from fleet.alerts import delivery
from fleet.evidence.verdict import State
from fleet.models import Alert, LoadVerdict
from teams.models import Membership

from .decision_parts import record
from .evidence_parts import box, judge, on_ollama

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database, pytest.mark.usefixtures("valkey")]

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)


def states() -> list[str]:
    return list(DecisionEvidence.objects.order_by("since").values_list("state", flat=True))


def test_a_decision_goes_from_holds_to_contradicted_and_back_with_one_mail_for_each_change(alice, team):
    endpoint = box(team)
    decision = on_ollama(alice, team, endpoint)
    outgrown = State.OUTGROWN
    loads = [(State.FINE, False), (State.TUNE_FIRST, False), (outgrown, False), (outgrown, True), (State.FINE, False)]
    for day, (state, confirmed) in enumerate(loads):
        at = NOW + timedelta(days=day)
        judge(endpoint, state, at, confirmed)
        for minutes in (0, 60):
            watching.watch(at + timedelta(minutes=minutes))
    assert states() == ["holds", "strained", "contradicted", "holds"]
    assert Alert.objects.count() == 3
    lines = DecisionEvent.objects.filter(decision=decision, text__startswith="Evidence").values_list("text", flat=True)
    assert [line.split(".")[0] for line in lines] == ["Evidence: strained", "Evidence: contradicted", "Evidence: holds"]
    rows = DecisionEvidence.objects.order_by("since")
    assert [row.until for row in rows] == [rows[1].since, rows[2].since, rows[3].since, None]


def test_the_mail_names_endpoint_figure_and_threshold_and_leads_to_the_decision(alice, team, smtp, settings):
    settings.SITE_URL = "https://plimsoll.example.org"
    endpoint = box(team)
    decision = on_ollama(alice, team, endpoint)
    judge(endpoint, State.OUTGROWN, NOW, confirmed=True)
    assert watching.watch(NOW) == 1
    assert delivery.deliver() == 1
    [mail] = smtp.messages
    assert mail["Subject"] == "REVIEW  Start with Ollama: contradicted (Search)"
    text = mail.get_body(("plain",)).get_content()
    for said in (
        "box-7: Outgrown (confirmed). Requests that waited: 34 %, threshold 20 %.", "OLLAMA_NUM_PARALLEL=2",
        f"https://plimsoll.example.org/decisions/{decision.pk}/#evidence",
    ):  # fmt: skip
        assert said in text, said


def test_a_mail_about_many_endpoints_names_a_few_of_them(alice, team):
    covered = [box(team, f"box-{number}") for number in range(8)]
    on_ollama(alice, team, *covered)
    for endpoint in covered:
        judge(endpoint, State.TUNE_FIRST, NOW)
    watching.watch(NOW)
    text = Alert.objects.get().facts["text"]
    assert text.count("Tune first") == 5 and "3 more" in text


@pytest.mark.parametrize(("state", "mails"), [(State.FINE, 0), (State.NOT_ENOUGH, 0), (State.TUNE_FIRST, 1)])
def test_a_first_judgement_without_trouble_is_silent(alice, team, state, mails):
    endpoint = box(team)
    on_ollama(alice, team, endpoint)
    judge(endpoint, state, NOW)
    watching.watch(NOW)
    assert (DecisionEvidence.objects.count(), Alert.objects.count()) == (1, mails)
    assert DecisionEvent.objects.filter(text__startswith="Evidence").count() == mails


def test_a_sweep_that_is_killed_midway_leaves_nothing_and_the_next_one_makes_up_for_it(alice, team, monkeypatch):
    endpoint = box(team)
    on_ollama(alice, team, endpoint)
    judge(endpoint, State.TUNE_FIRST, NOW)

    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(watching.outbox, "write_note", kill)
        with pytest.raises(Killed):
            watching.watch(NOW)
    assert not DecisionEvidence.objects.exists()
    assert not DecisionEvent.objects.filter(text__startswith="Evidence").exists()
    watching.watch(NOW + HOUR)
    assert (states(), Alert.objects.count()) == (["strained"], 1)


def test_while_the_state_stays_its_figures_move_and_its_snapshot_does_not(alice, team):
    endpoint = box(team)
    on_ollama(alice, team, endpoint)
    judge(endpoint, State.TUNE_FIRST, NOW)
    watching.watch(NOW)
    judge(endpoint, State.DISAGREE, NOW + HOUR)
    watching.watch(NOW + HOUR)
    row = DecisionEvidence.objects.get()
    assert row.judged_at == NOW + HOUR and "Clients disagree" in row.findings[0]["words"]
    kept = row.snapshot
    assert "Tune first" in kept["evidence"]["findings"][0]["words"]
    assert kept["thresholds"]["waited_much"] == 20 and kept["until"] == int(NOW.timestamp())
    assert (kept["endpoints"][0]["version"], kept["endpoints"][0]["verdicts"][0]["state"]) == ("0.9.3", "tune first")


def test_a_snapshot_stays_readable_when_the_verdicts_are_gone(alice, team):
    endpoint = box(team)
    on_ollama(alice, team, endpoint)
    judge(endpoint, State.TUNE_FIRST, NOW)
    watching.watch(NOW)
    LoadVerdict.objects.all().delete()
    watching.watch(NOW + 24 * HOUR)
    assert states() == ["strained", "not enough evidence"]
    assert DecisionEvidence.objects.earliest("since").snapshot["endpoints"][0]["name"] == "box-7"


def test_only_accepted_decisions_for_an_engine_are_judged(alice, team):
    endpoint = box(team)
    judge(endpoint, State.TUNE_FIRST, NOW)
    record(alice, team, endpoints=[endpoint])
    on_ollama(alice, team, endpoint, choice="other")
    taken = on_ollama(alice, team, endpoint)
    assert watching.watch(NOW) == 1
    actions.move(alice, taken, taken.version, "deprecated")
    assert DecisionEvidence.objects.get().until is not None
    assert watching.watch(NOW + HOUR) == 0


def test_another_engine_is_likely_first_and_confirmed_a_window_later(alice, team):
    endpoint = box(team, engine="vllm")
    on_ollama(alice, team, endpoint)
    for at in (NOW, NOW + WEEK - HOUR, NOW + WEEK):
        judge(endpoint, State.FINE, at)
        watching.watch(at)
    assert states() == ["strained", "contradicted"]


@pytest.mark.parametrize(("version", "state"), [("0.9.3", "strained"), ("0.30.10", "holds"), ("0.30.11", "strained")])
def test_a_gpu_that_is_not_used_counts_unless_that_version_reports_it_wrongly(alice, team, version, state):
    endpoint = box(team, version=version, models=[{"name": "qwen3:8b", "loaded": True, "size_vram": 0}])
    on_ollama(alice, team, endpoint)  # the answers had several GPUs
    judge(endpoint, State.FINE, NOW)
    watching.watch(NOW)
    assert states() == [state]


def test_one_decision_that_can_not_be_judged_costs_itself_alone(alice, team, other_team):
    Membership.objects.create(user=alice, team=other_team, role="owner")
    for owner in (team, other_team):
        endpoint = box(owner)
        on_ollama(alice, owner, endpoint)
        judge(endpoint, State.FINE, NOW)
    LoadVerdict.objects.filter(endpoint__team=team).update(verdicts=[{"state": "unheard of"}])
    assert watching.watch(NOW) == 1
    assert PutOff.objects.get().team == team


def test_a_sweep_reads_many_decisions_in_a_few_queries(alice, team, django_assert_max_num_queries):
    endpoint = box(team)
    judge(endpoint, State.FINE, NOW)
    for _ in range(20):
        on_ollama(alice, team, endpoint)
    watching.watch(NOW)
    with django_assert_max_num_queries(8 + 20 * 5):  # a transaction's two ends, its lock, the row and its update
        watching.watch(NOW + HOUR)


def test_the_schedule_judges_every_hour_on_the_upkeep_queue(valkey):
    assert app.conf.schedule["advisor.tasks.watch_decisions"].every == 3600
    app.send_task("advisor.tasks.watch_decisions", expires=5)
    assert valkey.llen(redis_keys.queue("upkeep")) == 1


def test_a_verdict_that_comes_and_goes_is_one_mail(alice, team):
    endpoint = box(team)
    on_ollama(alice, team, endpoint)
    for n in range(20):
        judge(endpoint, State.TUNE_FIRST if n % 2 else State.FINE, NOW + n * HOUR)
        watching.watch(NOW + n * HOUR)
    assert states() == ["holds", "strained"]
    assert Alert.objects.count() == 1


def test_the_export_has_what_the_endpoints_show_and_as_of_when(alice, team):
    endpoint = box(team)
    decision = on_ollama(alice, team, endpoint)
    assert "### Evidence" not in as_markdown.render(decision)
    judge(endpoint, State.OUTGROWN, NOW, confirmed=True)
    watching.watch(NOW)
    [packed] = zipfile.ZipFile(io.BytesIO(as_markdown.archive([decision]))).infolist()
    text = as_markdown.render(decision)
    section = text.partition("### Evidence\n\n")[2].partition("\n## ")[0]
    assert section.startswith("Contradicted since ") and "as of 2026-11-20 09:00 UTC, confidence " in section
    assert "* box-7, contradicted: Outgrown (confirmed). Requests that waited: 34 %, threshold 20 %." in section
    assert packed.file_size == len(text.encode())
