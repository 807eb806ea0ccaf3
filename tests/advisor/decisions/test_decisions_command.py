"""manage.py decisions check: what it prints and how it exits, for CI."""

import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from advisor.decisions import watching
from advisor.management.commands import decisions as command
from fleet.evidence.verdict import State

from .decision_parts import record
from .evidence_parts import box, judge, on_ollama

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


def run(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and what is said beside it."""
    out, err = StringIO(), StringIO()
    try:
        call_command("decisions", "check", *arguments, stdout=out, stderr=err)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def decide(user, team, load: State, confirmed: bool = False, name: str = "box-7", **body):
    endpoint = box(team, name)
    decision = on_ollama(user, team, endpoint, **{"review_by": date(2027, 2, 2), **body})
    judge(endpoint, load, NOW, confirmed)
    watching.watch(NOW)
    return decision


def test_a_contradicted_decision_comes_first_and_exits_with_1(alice, team):
    decide(alice, team, State.FINE, name="quiet", title="Fits")
    decide(alice, team, State.OUTGROWN, confirmed=True)
    code, out, _ = run()
    heading, first, second = out.splitlines()
    assert code == 1 and heading.split() == ["EVIDENCE", "SINCE", "REVIEW", "TEAM", "DECISION", "WHY"]
    assert first.startswith("contradicted") and "box-7: outgrown (confirmed)" in first
    assert second.startswith("holds") and "2027-02-02" in second


@pytest.mark.parametrize("load", [State.FINE, State.TUNE_FIRST, State.OUTGROWN, State.NOT_ENOUGH])
def test_whatever_is_not_contradicted_exits_with_0(alice, team, load):
    decide(alice, team, load)
    record(alice, team, review_by=date(2026, 1, 1))  # a draft is not in force
    assert run()[0] == 0


def test_an_overdue_review_exits_with_1(alice, team):
    decide(alice, team, State.FINE, review_by=date(2026, 11, 20))
    code, out, _ = run()
    assert code == 1 and "overdue since 2026-11-20" in out


def test_json_has_the_same(alice, team):
    decision = decide(alice, team, State.OUTGROWN, confirmed=True)
    code, out, _ = run("--json")
    [shown] = json.loads(out)
    assert code == 1
    assert (shown["id"], shown["evidence"], shown["review_overdue"]) == (decision.pk, "contradicted", False)
    assert shown["since"] == NOW.isoformat() and shown["why"].startswith("box-7: outgrown")


def test_one_team_alone(alice, team, other_team):
    decide(alice, team, State.OUTGROWN, confirmed=True)
    assert run("--team", "ads")[0] == 0
    assert run("--team", team.slug)[0] == 1


def test_nothing_in_force_says_what_to_do(db):
    code, out, err = run("--json")
    assert (code, json.loads(out)) == (0, []) and "Accept one" in err


def test_old_judgements_are_named(alice, team):
    decide(alice, team, State.FINE)
    with time_machine.travel(NOW + timedelta(hours=4), tick=False):
        assert "Is Plimsoll running?" in run()[2]


def test_a_wrong_argument_exits_with_2(team, monkeypatch, capsys):
    with pytest.raises(CommandError, match=r"There is no team “nope”. Teams: search\.") as caught:
        run("--team", "nope")
    assert caught.value.returncode == 2
    with pytest.raises(SystemExit) as ended:
        command.Command().run_from_argv(["manage.py", "decisions", "watch"])
    assert ended.value.code == 2 and "check" in capsys.readouterr().err


def test_without_a_database_it_exits_with_2(monkeypatch):
    def gone(slug: str) -> list:
        raise DatabaseError("no such table: advisor_decision")

    monkeypatch.setattr(command, "in_force", gone)
    with pytest.raises(CommandError, match="The database can't be used") as caught:
        run()
    assert caught.value.returncode == 2
