"""Decisions keep the advice as it was; once taken, nothing but their status moves."""

import copy
import dataclasses
from datetime import date, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import transaction

from advisor import catalogue as catalogues
from advisor.decisions import actions, frozen_advice
from advisor.models import Decision, FrozenBody
from advisor.models.decision import BODY as FROZEN_COLUMNS
from advisor.models.decision import MOVES
from advisor.queries import decisions as queries
from fleet import endpoints
from teams.models import Membership, Role

from .decision_parts import BODY, record

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def taken(alice, team) -> Decision:
    return record(alice, team, status="accepted")


def test_the_answers_and_the_advice_are_kept_in_words(alice, team):
    decision = record(alice, team)
    advice = decision.recommendation
    assert (advice["outcome"], advice["strength"]) == ("vllm", "clear")
    assert [line["id"] for line in advice["lists"]["vllm"]] == ["V1", "V2", "V3", "V4", "V5"]
    assert all(line["text"] and line["state"] == "true" for line in advice["lists"]["vllm"])
    assert {line["id"]: line["state"] for line in advice["limits"]}["G1"] == "does not apply"
    assert decision.answers["machines"] == ["linux_server"]
    assert decision.catalogue_version == catalogues.load().version
    assert decision.due_on == BODY["review_by"]


def test_a_form_posted_twice_makes_one_decision(alice, team):
    key = uuid4()
    assert record(alice, team, key=key).pk == record(alice, team, key=key).pk
    assert Decision.objects.count() == 1


@pytest.mark.parametrize("column", [name for name in BODY if name != "why_not"])
def test_saving_another_body_over_a_taken_decision_is_refused(taken, column):
    other = {"follows_advice": False, "decided_on": date(2020, 1, 1), "review_by": date(2030, 1, 1)}
    setattr(taken, column, other.get(column, "ollama"))
    with pytest.raises(FrozenBody, match=column):
        taken.save()
    assert getattr(Decision.objects.get(), column) == BODY[column]


def test_the_frozen_advice_can_not_be_swapped_either(taken):
    taken.recommendation = taken.recommendation | {"outcome": "ollama"}
    with pytest.raises(FrozenBody, match="recommendation"):
        taken.save()
    with pytest.raises(FrozenBody, match="answers"):
        Decision.objects.filter(pk=taken.pk).update(answers={})


def test_every_column_is_either_frozen_or_known_to_move():
    moves = {"id", "status", "superseded_by_id", "due_on", "version", "key", "created_by_id"}
    assert {field.attname for field in Decision._meta.concrete_fields} == set(FROZEN_COLUMNS) | moves


def test_a_decision_is_not_opened_again_to_change_it(taken):
    taken.status = "draft"
    taken.title = "Something else"
    with pytest.raises(FrozenBody):
        taken.save()


def test_the_covered_endpoints_are_frozen_too(alice, team):
    one = endpoints.add(team, name="one", url="http://10.0.0.1:8000")
    two = endpoints.add(team, name="two", url="http://10.0.0.2:8000")
    decision = record(alice, team, endpoints=[one], status="accepted")
    for change in (
        lambda: decision.endpoints.add(two),
        lambda: decision.endpoints.clear(),
        lambda: two.decisions.add(decision),
        lambda: one.decisions.clear(),
    ):
        with pytest.raises(FrozenBody), transaction.atomic():
            change()
    assert [endpoint.name for endpoint in decision.endpoints.all()] == ["one"]


def test_editing_a_taken_decision_is_refused(alice, taken):
    with pytest.raises(FrozenBody):
        actions.edit(alice, taken, taken.version, BODY | {"title": "Another"}, [])


def test_an_edit_over_someone_elses_is_stale(alice, bob, team):
    decision = record(alice, team)
    actions.edit(bob, decision, decision.version, BODY | {"title": "Bob's title"}, [])
    with pytest.raises(actions.Stale) as caught:
        actions.edit(alice, decision, decision.version, BODY | {"title": "Alice's title"}, [])
    assert caught.value.now.title == "Bob's title"
    assert Decision.objects.get().title == "Bob's title"


def test_the_same_edit_twice_is_not_stale_to_itself(alice, team):
    decision = record(alice, team)
    for _ in range(2):
        edited = actions.edit(alice, decision, decision.version, BODY | {"title": "Another"}, [])
    assert (edited.title, edited.version) == ("Another", decision.version + 1)


@pytest.mark.parametrize("start", MOVES)
def test_only_the_moves_of_the_table_are_allowed(alice, team, start):
    for goal in MOVES:
        decision = record(alice, team)
        Decision.objects.filter(pk=decision.pk).update(status=start)
        if goal == start:
            continue
        if goal in MOVES[start] and goal != "superseded":
            assert actions.move(alice, decision, decision.version, goal).status == goal
        else:
            with pytest.raises(actions.NotAllowed, match=f"{start} can't become {goal}"):
                actions.move(alice, decision, decision.version, goal)


def test_a_move_of_a_version_that_nobody_saw_is_stale(alice, bob, team):
    decision = record(alice, team)
    actions.edit(bob, decision, decision.version, BODY | {"choice": "ollama"}, [])
    with pytest.raises(actions.Stale):
        actions.move(alice, decision, decision.version, "accepted")


def test_accepting_a_successor_writes_both_sides(alice, team, taken):
    successor = record(alice, team, supersedes=taken, title="Back to Ollama")
    taken.refresh_from_db()
    assert taken.status == "accepted"  # a draft supersedes nothing yet
    actions.move(alice, successor, successor.version, "accepted")
    taken.refresh_from_db()
    assert (taken.status, taken.superseded_by) == ("superseded", successor)
    assert "Back to Ollama" in taken.events.last().text


def test_a_second_successor_changes_nothing_at_all(alice, team, taken):
    first = record(alice, team, supersedes=taken)
    second = record(alice, team, supersedes=taken)
    actions.move(alice, first, first.version, "accepted")
    with pytest.raises(actions.NotAllowed, match="superseded"):
        actions.move(alice, second, second.version, "accepted")
    second.refresh_from_db()
    taken.refresh_from_db()
    assert (second.status, taken.superseded_by) == ("draft", first)
    with pytest.raises(actions.NotAllowed):
        record(alice, team, supersedes=taken, status="accepted")
    assert Decision.objects.count() == 3


def test_a_team_can_be_removed_with_its_superseded_decisions(alice, team, taken):
    record(alice, team, supersedes=taken, status="accepted")
    team.delete()
    assert not Decision.objects.exists()


def test_a_review_moves_the_date_and_leaves_the_body(alice, taken):
    day_after = BODY["review_by"] + timedelta(days=1)
    with time_machine.travel(day_after, tick=False):
        assert queries.whole(taken).review_due
        with pytest.raises(actions.NotAllowed, match="after today"):
            actions.reviewed(alice, taken, taken.version, day_after)
        next_on = day_after + timedelta(days=90)
        after = actions.reviewed(alice, taken, taken.version, next_on, "The queue is short.")
        assert not queries.whole(after).review_due
    assert (after.due_on, after.review_by) == (next_on, BODY["review_by"])
    assert "The queue is short." in after.events.last().text


def test_only_what_is_in_force_is_due(alice, team):
    decision = record(alice, team)
    assert not queries.is_due(decision, BODY["review_by"] + timedelta(days=1))
    decision = actions.move(alice, decision, decision.version, "accepted")
    assert not queries.is_due(decision, BODY["review_by"] - timedelta(days=1))
    assert queries.is_due(decision, BODY["review_by"])


def test_running_again_on_the_same_catalogue_shows_no_difference(taken):
    again = queries.again(taken)
    assert (again.differences, again.moved, again.ignored) == ([], [], [])


def test_an_answer_that_is_only_worded_otherwise_today_is_no_difference(taken):
    old = copy.deepcopy(taken.recommendation)
    old["answers"][0]["answer"] = "As it was worded then"
    assert frozen_advice.differences(old, taken.recommendation) == []
    del old["answers"][0]
    [row] = frozen_advice.differences(old, taken.recommendation)
    assert row["was"] == "not there"


def test_a_fact_that_moved_and_an_item_that_reads_otherwise_are_reported(taken):
    current = catalogues.load()
    relied = taken.recommendation["facts"][0]["id"]
    facts = tuple(
        dataclasses.replace(fact, state="changed", now="It is otherwise.") if fact.id == relied else fact
        for fact in current.facts
    )
    [moved] = frozen_advice.moved_facts(taken.answers, taken.recommendation, dataclasses.replace(current, facts=facts))
    assert moved["id"] == relied and "It is otherwise." in moved["now"]
    [gone] = frozen_advice.moved_facts(
        taken.answers,
        taken.recommendation,
        dataclasses.replace(current, facts=tuple(f for f in current.facts if f.id != relied)),
    )
    assert "not hold this fact" in gone["now"]


def test_checking_at_a_fact_again_without_news_marks_nothing(taken):
    current = catalogues.load()
    day = date(2027, 1, 1)
    facts = tuple(dataclasses.replace(fact, last_checked=day, copy_date=day) for fact in current.facts)
    assert (
        frozen_advice.moved_facts(taken.answers, taken.recommendation, dataclasses.replace(current, facts=facts)) == []
    )


def test_differences_name_the_outcome_first(alice, team, taken):
    other = record(alice, team, answers={"goal": "runtime", "callers": "me", "machines": ["mac"]})
    rows = frozen_advice.differences(taken.recommendation, other.recommendation)
    assert rows[0]["what"] == "Outcome" and rows[0]["was"] != rows[0]["now"]
    assert any(row["what"].startswith("V5") and row["now"] == "not true" for row in rows)


def test_only_the_team_that_took_a_decision_replaces_it(alice, team, other_team):
    theirs = record(alice, other_team, status="accepted", title="Ads decided")
    with pytest.raises(actions.NotAllowed, match="another team"):
        record(alice, team, supersedes=theirs)
    assert Decision.objects.get() == theirs
    draft = record(alice, team)
    Decision.objects.filter(pk=draft.pk).update(supersedes=theirs)
    with pytest.raises(actions.NotAllowed, match="another team"):
        actions.move(alice, Decision.objects.get(pk=draft.pk), draft.version, "accepted")
    theirs.refresh_from_db()
    draft.refresh_from_db()
    assert (theirs.status, draft.status) == ("accepted", "draft")


def test_the_key_of_another_teams_form_opens_nothing(alice, charlie, team, other_team):
    Membership.objects.create(user=charlie, team=other_team, role=Role.OPERATOR)
    key = uuid4()
    record(alice, team, key=key, title="Kept among us")
    with pytest.raises(actions.NotAllowed, match="used up"):
        record(charlie, other_team, key=key)
    assert Decision.objects.count() == 1
